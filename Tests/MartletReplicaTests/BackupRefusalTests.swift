// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletLog
import MartletTypes
import MartletWire
import Testing

@testable import MartletReplica

/// What is no backup of what a quorum signed is neither made nor taken.
@Suite struct BackupRefusalTests {
    /// A backup of a group, in a file.
    private func made(names: Int = 20) async throws -> (TestGroup, path: String) {
        let group = try await TestGroup.withCheckpoint(names: names)
        let path = group.directory + "/backup"
        _ = try Backup.make(ofHome: group.home(0), genesis: group.genesis, to: path)
        return (group, path)
    }

    private func remove(_ groups: TestGroup...) throws {
        for group in groups { try FileManager.default.removeItem(atPath: group.directory) }
    }

    private func reason(_ body: () throws -> Backup) -> BackupError.Reason? {
        #expect(throws: BackupError.self) { _ = try body() }?.reason
    }

    private func isDamaged(_ reason: BackupError.Reason?) -> Bool {
        if case .damaged = reason { true } else { false }
    }

    private func isUnproved(_ reason: BackupError.Reason?) -> Bool {
        if case .unproved = reason { true } else { false }
    }

    // MARK: - Files

    @Test func oneByteThatIsNotAsItWasWrittenIsFoundWhereverItIs() async throws {
        let (group, path) = try await made(names: 6)
        let whole = try Data(contentsOf: URL(filePath: path))
        let changed = group.directory + "/changed"
        for place in whole.indices {
            var data = whole
            data[place] ^= 1 << UInt8(place % 8)
            try data.write(to: URL(filePath: changed))
            #expect(throws: BackupError.self, "byte \(place)") { try Backup.verify(changed) }
        }
        try remove(group)
    }

    @Test func oneThatIsCutOffOrContinuedIsRefused() async throws {
        let (group, path) = try await made()
        let whole = try Data(contentsOf: URL(filePath: path))
        let changed = group.directory + "/changed"
        for length in [16, 17, 200, 1000, whole.count / 2, whole.count - 1] {
            try whole.prefix(length).write(to: URL(filePath: changed))
            #expect(isDamaged(reason { try Backup(at: changed) }), "\(length) bytes")
        }
        for data in [Data(), Data("MARTBKP".utf8), Data(repeating: 7, count: 1000)] {
            try data.write(to: URL(filePath: changed))
            #expect(reason { try Backup(at: changed) } == .noBackup)
        }
        try (whole + [0]).write(to: URL(filePath: changed))
        #expect(isDamaged(reason { try Backup(at: changed) }))
        for place in ["", "/none"] {
            guard case .file = reason({ try Backup(at: group.directory + place) }) else { Issue.record(); continue }
        }
        try remove(group)
    }

    @Test func aNewerFormatIsNamed() async throws {
        let (group, path) = try await made()
        var data = try Data(contentsOf: URL(filePath: path))
        let length = data[12..<16].reduce(0) { $0 << 8 | Int($1) }
        data[11] = 2
        let checksum = CRC32C.checksum(Bytes(data[..<(length - 4)]))
        for place in 0..<4 { data[length - 4 + place] = UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * place)) }
        try data.write(to: URL(filePath: path))
        #expect(reason { try Backup(at: path) } == .unknownFormat(2))
        try remove(group)
    }

    @Test func anotherGroupsGenesisIsNotTheOne() async throws {
        let (group, path) = try await made()
        let stranger = try await TestGroup.withCheckpoint()
        let expected = BackupError.Reason.otherGroup(
            found: try group.view.group, expected: try stranger.view.group)
        #expect(reason { try Backup.verify(path, of: stranger.genesis) } == expected)
        #expect(
            reason { try Backup.make(ofHome: group.home(0), genesis: stranger.genesis, to: path + "2") } == expected)
        #expect(try Backup.verify(path, of: group.genesis).origin.group == group.view.group)
        try remove(group, stranger)
    }

    // MARK: - Certificates

    /// A backup as somebody may make it up.
    private final class MadeUp: BackupContent {
        let path = "made up"
        var header: BackupHeader
        let chunks: [Bytes]

        init(_ checkpoint: HashedCheckpoint, _ certificate: CheckpointCertificate, of genesis: Genesis) {
            chunks = checkpoint.contents.chunks
            header = BackupHeader(
                software: "0", proof: CheckpointProof(genesis: genesis, chain: [], certificate: certificate),
                imageChunks: checkpoint.contents.imageChunks,
                chunks: zip(checkpoint.manifest.digests, chunks).map { .init(digest: $0, bytes: $1.count) })
        }

        func chunk(_ position: Int) throws(BackupError) -> Bytes { chunks[position] }
    }

    @Test func whatNoQuorumHasSignedIsRefused() async throws {
        let group = try await TestGroup.withCheckpoint()
        let stranger = try await TestGroup()
        let (checkpoint, other) = (try group.checkpoint(after: 16, names: 3), try group.checkpoint(after: 16, names: 4))
        let right = try group.certificate(of: checkpoint, after: 16)
        func changed(_ shares: [SignatureShare], view: ViewNumber = .genesis, instance: UInt64 = 16)
            -> CheckpointCertificate
        {
            CheckpointCertificate(view: view, instance: Instance(instance), digest: right.digest, shares: shares)
        }
        var forged = right.shares
        forged[2] = SignatureShare(replica: forged[2].replica, signature: forged[1].signature)
        let certificates = [
            changed([]), changed(Array(right.shares.prefix(2))), changed(forged),
            changed(right.shares, instance: 17),
            changed(right.shares, view: ViewNumber(2)), try stranger.certificate(of: checkpoint, after: 16),
            try group.certificate(of: other, after: 16),
            try group.certificate(of: checkpoint, after: 16, group: stranger.view.group),
        ]
        for (number, certificate) in certificates.enumerated() {
            let path = group.directory + "/made\(number)"
            try BackupWriter(path).write(MadeUp(checkpoint, certificate, of: group.genesis)) { _ in }
            for genesis in [group.genesis, nil] {
                #expect(isUnproved(reason { try Backup.verify(path, of: genesis) }), "certificate \(number)")
            }
        }
        // No encoding has one member's share twice.
        let twice = changed([right.shares[0], right.shares[1], right.shares[1]])
        try BackupWriter(group.directory + "/twice").write(MadeUp(checkpoint, twice, of: group.genesis)) { _ in }
        #expect(isDamaged(reason { try Backup.verify(group.directory + "/twice") }))
        #expect(
            isUnproved(
                #expect(throws: BackupError.self) {
                    try MadeUp(checkpoint, twice, of: group.genesis).header.prove(at: "x")
                }?.reason))
        let path = group.directory + "/right"
        try BackupWriter(path).write(MadeUp(checkpoint, right, of: group.genesis)) { _ in }
        #expect(try Backup.verify(path, of: group.genesis).signatures == 3)
        try remove(group, stranger)
    }

    @Test func otherChunksThanTheSignedOnesAreRefused() async throws {
        let group = try await TestGroup.withCheckpoint()
        let checkpoint = try group.checkpoint(after: 16, names: 5)
        let right = try group.certificate(of: checkpoint, after: 16)
        for change in 0..<4 {
            let content = MadeUp(checkpoint, right, of: group.genesis)
            var chunks = content.header.chunks
            var imageChunks = 1
            switch change {
            case 0: chunks.swapAt(2, 3)
            case 1: chunks.removeLast()
            case 2: chunks.append(chunks[1])
            default: imageChunks = 2
            }
            content.header = BackupHeader(
                software: "0", proof: content.header.proof, imageChunks: imageChunks, chunks: chunks)
            #expect(throws: BackupError.self, "change \(change)") { try content.header.prove(at: "x") }
        }
        try remove(group)
    }

    /// A quorum signed it, but it is the state after another instance.
    @Test func aStateOfAnotherInstanceIsRefused() async throws {
        let group = try await TestGroup.withCheckpoint()
        let checkpoint = try group.checkpoint(after: 16, names: 3)
        let path = group.directory + "/wrong"
        let content = MadeUp(checkpoint, try group.certificate(of: checkpoint, after: 24), of: group.genesis)
        try BackupWriter(path).write(content) { _ in }
        #expect(isUnproved(reason { try Backup(at: path) }))
        try remove(group)
    }

    /// A quorum signed it, but whoever begins with it could not add to its time.
    @Test func aTimeThatNoGroupGetsToIsRefused() async throws {
        let group = try await TestGroup.withCheckpoint()
        for (time, isTaken) in [(UInt64(1) << 62, true), (1 << 62 + 1, false), (.max, false)] {
            let checkpoint = try group.checkpoint(after: 16, names: 3, time: Timestamp(time))
            let path = group.directory + "/time\(time)"
            let content = MadeUp(checkpoint, try group.certificate(of: checkpoint, after: 16), of: group.genesis)
            try BackupWriter(path).write(content) { _ in }
            if isTaken {
                #expect(try Backup(at: path).time.rawValue == time)
            } else {
                #expect(isUnproved(reason { try Backup(at: path) }), "\(time)")
            }
        }
        try remove(group)
    }

    /// No signature covers it, and it is shown.
    @Test func whatTheProgramIsCalledThatWroteItIsPlainText() async throws {
        let group = try await TestGroup.withCheckpoint()
        let checkpoint = try group.checkpoint(after: 16, names: 3)
        let certificate = try group.certificate(of: checkpoint, after: 16)
        for (number, software) in ["1\u{1B}[2J", "1\nok", "\u{202E}1", "1\u{7F}", "ü"].enumerated() {
            let content = MadeUp(checkpoint, certificate, of: group.genesis)
            content.header = BackupHeader(
                software: software, proof: content.header.proof, imageChunks: content.header.imageChunks,
                chunks: content.header.chunks)
            let path = group.directory + "/called\(number)"
            try BackupWriter(path).write(content) { _ in }
            #expect(isDamaged(reason { try Backup(at: path) }), "\(software.debugDescription)")
        }
        try remove(group)
    }

    // MARK: - Homes

    /// It was taken for one that has no checkpoint yet.
    @Test func aReplicaWhoseOwnStateIsWrongIsNamedAsThat() async throws {
        let group = try await TestGroup.withCheckpoint()
        let (own, signed) = (try group.checkpoint(after: 24, names: 3), try group.checkpoint(after: 24, names: 4))
        try group.leave(own, after: 24, group.certificate(of: signed, after: 24), in: 1)
        let path = group.directory + "/backup"
        #expect(
            reason { try Backup.make(ofHome: group.home(1), genesis: group.genesis, to: path) }
                == .otherState(Instance(24)))
        try remove(group)
    }

    /// It was silent.
    @Test func whyABackupIsOfAnOlderCheckpointIsSaid() async throws {
        let group = try await TestGroup.withCheckpoint()
        let (own, signed) = (try group.checkpoint(after: 24, names: 3), try group.checkpoint(after: 24, names: 4))
        try group.leave(own, after: 24, group.certificate(of: signed, after: 24), in: 0)
        var told: [BackupError] = []
        let path = group.directory + "/backup"
        let backup = try Backup.make(
            ofHome: group.home(0), genesis: group.genesis, to: path, onOlder: { told.append($0) })
        #expect(backup.instance == Instance(16) && told.map(\.reason) == [.otherState(Instance(24))])
        try remove(group)
    }

    @Test func aReplicaThatLiesMakesNoFalseBackup() async throws {
        let group = try await TestGroup.withCheckpoint()
        let checkpoint = try group.checkpoint(after: 24, names: 3)
        let certificate = try group.certificate(of: checkpoint, after: 24, by: [0, 1])
        try group.leave(checkpoint, after: 24, certificate, in: 0)
        let path = group.directory + "/backup"
        #expect(isUnproved(reason { try Backup.make(ofHome: group.home(0), genesis: group.genesis, to: path) }))
        #expect(!FileManager.default.fileExists(atPath: path))
        try remove(group)
    }

    @Test func aDiskThatIsDamagedMakesNoBackup() async throws {
        let group = try await TestGroup.withCheckpoint()
        let folder = group.home(0) + "/snapshots"
        let path = group.directory + "/backup"
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name != "lock" {
            let file = URL(filePath: "\(folder)/\(name)")
            let whole = try Data(contentsOf: file)
            // Somewhere in what is needed.
            for place in [20, 100, whole.count - 1] {
                var data = whole
                data[place] ^= 1
                try data.write(to: file)
                let isHeader = name.hasPrefix("layer") && place < 62
                guard !isHeader else { continue }
                #expect(
                    isDamaged(reason { try Backup.make(ofHome: group.home(0), genesis: group.genesis, to: path) }),
                    "\(name) \(place)")
            }
            try whole.write(to: file)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: group.directory).sorted() == ["0", "1", "2", "3"])
        try remove(group)
    }

    @Test func whereNothingIsStableThereIsNothingToBackUp() async throws {
        var settings = GroupSettings()
        settings.isDurable = true
        let group = try await TestGroup(settings: settings)
        let path = group.directory + "/backup"
        guard case .file = reason({ try Backup.make(ofHome: group.home(0), genesis: group.genesis, to: path) }) else {
            Issue.record("there is no log")
            return
        }
        try group.leave(group.checkpoint(after: 16, names: 3), after: 16, nil, in: 0)
        #expect(reason { try Backup.make(ofHome: group.home(0), genesis: group.genesis, to: path) } == .nothingStable)
        settings.isDurable = false
        let memory = try await TestGroup(settings: settings)
        #expect(reason { try Backup.make(ofHome: memory.home(0), genesis: memory.genesis, to: path) } == .notDurable)
        try remove(group, memory)
    }

    // MARK: - Replicas that are to begin with one

    private func refusal(of place: Int, in group: TestGroup) async throws -> String {
        let replica = try Replica(configuration: group.configuration(place), machine: TextMachine())
        let run = Task { try await replica.run() }
        // One that is not refused would run for ever.
        let end = Task {
            try await Task.sleep(for: .seconds(30))
            run.cancel()
        }
        let error = await #expect(throws: ReplicaError.self) { try await run.value }
        end.cancel()
        return "\(String(describing: error))"
    }

    @Test func whoLacksTheStateThatItsGroupBeginsWithDoesNotStart() async throws {
        let (group, path) = try await made()
        let backup = try Backup(at: path)
        let (origin, data) = (backup.origin, try Data(contentsOf: URL(filePath: path)))
        let other = try await TestGroup(settings: group.genesis.settings, origin: origin)
        #expect(try await refusal(of: 0, in: other).contains("of which this must be the backup"))
        #expect(try await refusal(of: 0, in: other).contains("does not exist"))
        #expect(try await refusal(of: 0, in: other).contains("Copy the file origin from another member's home"))
        // Each of them is said to be another state.
        let elsewhere = [
            OriginState(group: origin.digest, instance: origin.instance, digest: origin.digest),
            OriginState(group: origin.group, instance: Instance(17), digest: origin.digest),
            OriginState(group: origin.group, instance: origin.instance, digest: origin.group),
        ]
        for wrong in elsewhere {
            let third = try await TestGroup(settings: group.genesis.settings, origin: wrong)
            try Backup.copy(path, to: third.home(1) + "/origin")
            #expect(try await refusal(of: 1, in: third).contains("but the group begins with"))
            try remove(third)
        }
        var damaged = data
        damaged[data.count - 5] ^= 1
        try damaged.write(to: URL(filePath: other.home(2) + "/origin"))
        #expect(try await refusal(of: 2, in: other).contains("is not the one that was signed"))
        try data.prefix(data.count - 1).write(to: URL(filePath: other.home(3) + "/origin"))
        #expect(try await refusal(of: 3, in: other).contains("it was not copied whole"))
        var configuration = other.configuration(0)
        configuration.homeDirectory = nil
        configuration.genesis = try await TestGroup(origin: origin).genesis
        try remove(group, other)
    }
}
