// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletLog
import MartletTypes
import MartletWire

@testable import MartletReplica

extension TestGroup {
    static let time = Timestamp(1_700_000_000_000_000)

    func home(_ place: Int) -> String { "\(directory)/\(place)" }

    /// A checkpoint of the text service with these names, each a chunk.
    func checkpoint(
        after instance: UInt64, names: Int, textBytes: Int = 100, time: Timestamp = TestGroup.time
    ) throws -> HashedCheckpoint {
        let lines = (0..<names).map { Bytes("name\($0)=\(String(repeating: "x", count: textBytes))\n".utf8) }
        let image = CheckpointImage(
            instance: Instance(instance), time: time, view: try view, sessions: [], openings: [])
        return Hashing.hashed(CheckpointContents(image: image, application: lines))
    }

    func certificate(
        of checkpoint: HashedCheckpoint, after instance: UInt64, by signers: [Int] = [0, 1, 2], group: Digest? = nil
    ) throws -> CheckpointCertificate {
        let group = try group ?? view.group
        let vote = CheckpointVote(view: .genesis, instance: Instance(instance), digest: checkpoint.digest)
        let shares = signers.map { place in
            let sealer = Sealer(
                group: group, replica: ReplicaID(UInt16(place)), key: keys[place], scheme: Ed25519Scheme())
            guard case .checkpoint(let sealed) = sealer.seal(.checkpoint(vote)) else { preconditionFailure() }
            return SignatureShare(replica: ReplicaID(UInt16(place)), signature: sealed.signature)
        }
        return CheckpointCertificate(view: .genesis, instance: vote.instance, digest: vote.digest, shares: shares)
    }

    /// Leaves it in a home as a replica does that took it; stable unless there is no certificate.
    func leave(
        _ checkpoint: HashedCheckpoint, after instance: UInt64, _ certificate: CheckpointCertificate?, in place: Int
    )
        throws
    {
        let identity = LogIdentity(group: try view.group, replica: ReplicaID(UInt16(place)))
        for folder in ["/log", "/snapshots"] { try ReplicaHome.makeDirectory(home(place) + folder) }
        var snapshotFiles = try FileDirectory(at: home(place) + "/snapshots")
        var entries = try SnapshotFiles(in: &snapshotFiles, identity)
        _ = try entries.keep(checkpoint, after: Instance(instance), in: &snapshotFiles)
        var logFiles = try FileDirectory(at: home(place) + "/log")
        var log = try LogWriter.open(in: &logFiles, identity, salt: 1) { _ in }
        try log.append([.entered(Epoch(view: .genesis, regency: .first))], to: &logFiles)
        if let certificate { try log.append([.stable(certificate)], to: &logFiles) }
        try log.sync(&logFiles)
    }

    /// A group that does not run, with a stable checkpoint in the home of its first member.
    static func withCheckpoint(names: Int = 50, textBytes: Int = 100, after instance: UInt64 = 16) async throws
        -> TestGroup
    {
        var settings = GroupSettings()
        settings.isDurable = true
        let group = try await TestGroup(settings: settings)
        let checkpoint = try group.checkpoint(after: instance, names: names, textBytes: textBytes)
        try group.leave(checkpoint, after: instance, group.certificate(of: checkpoint, after: instance), in: 0)
        return group
    }
}
