// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import MartletCrypto
import MartletLog
import MartletTypes
import Testing

@testable import martlet_cli

@Suite struct LogCommandTests {
    private let scratch: Scratch
    private let home: DurableHome

    init() throws {
        scratch = try Scratch()
        home = try DurableHome(in: scratch)
    }

    private func verdict(_ path: String? = nil) throws -> DiskVerdict {
        DiskVerdict(examination: try DiskExamination(path ?? home.path))
    }

    private func listing(_ path: String? = nil) throws -> DiskListing {
        DiskListing(examination: try DiskExamination(path ?? home.path))
    }

    private func failure(_ path: String) throws -> String {
        try #require(throws: CommandFailure.self) { try DiskExamination(path) }.description
    }

    private var segments: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: home.log).filter { $0.hasPrefix("log-") }.sorted()
        }
    }

    private func object(_ value: JSONValue) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data("\(value)".utf8)) as? [String: Any])
    }

    // MARK: - What is whole

    @Test func aWholeLogIsOKAndNothingIsChanged() throws {
        let before = try home.files()
        let verdict = try verdict()
        let count = try segments.count
        #expect(count > 3 && verdict.isOK)
        #expect(verdict.text == "ok: \(count) segments, 22 records, 2 snapshots")
        let json = try object(verdict.examination.json(listingFiles: false))
        #expect(json["ok"] as? Bool == true && json["segments"] as? Int == count && json["records"] as? Int == 22)
        #expect(json["snapshots"] as? Int == 2 && (json["problems"] as? [Any])?.isEmpty == true)
        _ = try listing().text
        #expect(try home.files() == before)
    }

    @Test func aListingSaysWhoseLogItIsAndWhatLiesInIt() throws {
        let text = try listing().text
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines[0] == "log       \(home.log)")
        #expect(lines[1] == "of        replica 2 of group \(DurableHome.identity.group.hexadecimal)")
        #expect(lines[2] == "format    1")
        #expect(
            lines[5].split(separator: " ")
                == "segment bytes frames instances incarnation wrote stable restated seal"
                .split(separator: " "))
        #expect(lines[6].hasPrefix("log-0000000000000001  ") && lines[6].contains(" 11-"))
        #expect(lines[5..<6 + (try segments.count)].allSatisfy { $0.count == lines[5].count })
        let digest = DurableHome.digest(10)
        #expect(text.contains("snapshot-000000000000000a        10          488       1  \(digest)…  whole"), "\(text)")
        #expect(text.contains("layer-0000000000000002    550     488       1  whole"), "\(text)")
        #expect(lines.last == "nothing is damaged")
    }

    @Test func programsGetTheSame() throws {
        let json = try object(try listing().examination.json(listingFiles: true))
        #expect(json["group"] as? String == DurableHome.identity.group.hexadecimal && json["replica"] as? Int == 2)
        #expect(json["format"] as? Int == 1 && json["frames"] as? Int ?? 0 > 22)
        let files = try #require(json["segments"] as? [[String: Any]])
        #expect(files.compactMap { $0["file"] as? String } == (try segments))
        let records = files.compactMap { $0["records"] as? [String: Int] }
        #expect(records.reduce(0) { $0 + ($1["wrote"] ?? 0) } == 20)
        #expect((files[0]["instances"] as? [Int])?.first == 11)
        let snapshots = try #require(json["snapshots"] as? [[String: Any]])
        #expect(snapshots.map { $0["instance"] as? Int } == [10, 20])
        #expect(snapshots[1]["digest"] as? String == DurableHome.digest(20).hexadecimal)
        #expect(snapshots.allSatisfy { $0["isWhole"] as? Bool == true && $0["chunks"] as? Int == 1 })
        let layers = try #require(json["layers"] as? [[String: Any]])
        #expect(layers.map { $0["neededBytes"] as? Int } == [488, 488])
        #expect(json["tornTail"] is NSNull)
    }

    @Test func theLogsOwnDirectoryDoesAsWell() throws {
        #expect(try verdict(home.path + "/").text == verdict().text)
        #expect(try verdict(home.log).text == verdict().text)
        #expect(try verdict(home.log + "/").examination.snapshots?.snapshots.count == 2)
        let moved = scratch.path + "/elsewhere"
        try FileManager.default.copyItem(atPath: home.log, toPath: moved)
        let alone = try verdict(moved)
        #expect(alone.isOK && alone.examination.snapshots == nil)
        #expect(alone.text.contains("snapshots were not looked at"))
    }

    @Test func aRunningReplicaIsNotDisturbed() throws {
        var files = try FileDirectory(at: home.log)
        var writer = try DurableHome.writer(&files)
        for instance in 31...60 as ClosedRange<UInt64> {
            try DurableHome.write(DurableHome.vote(instance), &writer, &files)
            #expect(try verdict().text.hasPrefix("ok: "))
        }
        writer.drop(through: Instance(60))
        // A draft is the writer's, whoever reads.
        let draft = home.snapshots + "/layer-draft"
        #expect(FileManager.default.createFile(atPath: draft, contents: Data([1, 2, 3])))
        #expect(try listing().examination.snapshots?.hasDraft == true)
        #expect(FileManager.default.fileExists(atPath: draft))
    }

    @Test func aTornTailIsNoDamage() throws {
        let newest = home.log + "/" + (try #require(try segments.last))
        try DurableHome.change(newest) { data in
            let end = (data.lastIndex { $0 != 0 } ?? 0) + 1
            data.replaceSubrange(end..<min(end + 10, data.count), with: Data(repeating: 7, count: 10))
        }
        let verdict = try verdict()
        #expect(verdict.isOK && verdict.examination.tornTail != nil)
        #expect(verdict.text.contains("torn tail: \(newest) at byte "), "\(verdict.text)")
        let json = try object(verdict.examination.json(listingFiles: true))
        #expect((json["tornTail"] as? [String: Any])?["bytes"] as? Int ?? 0 > 0)
        #expect(try listing().text.contains("nothing is damaged\ntorn tail: "))
    }

    // MARK: - What is damaged

    @Test func aFlippedBitInASealedSegmentIsFound() async throws {
        let file = home.log + "/" + (try segments[1])
        try DurableHome.flip(file, at: 96 + 44 + 3)
        let verdict = try verdict()
        #expect(!verdict.isOK)
        #expect(verdict.text.hasPrefix("damaged: 1 problem in "))
        #expect(
            verdict.text.contains("  \(file) at byte 96: the checksum of a frame's content is wrong; missing: frame "),
            "\(verdict.text)")
        let problems = try object(verdict.examination.json(listingFiles: false))["problems"] as? [[String: Any]]
        #expect(problems?.count == 1 && problems?[0]["offset"] as? Int == 96 && problems?[0]["file"] as? String == file)
        #expect(try listing().text.contains("\ndamaged: \(file) at byte 96"))
        await #expect(throws: ExitCode(1)) { try await run(["verify", home.path]) }
        try await run(["inspect", home.path])
    }

    @Test(arguments: [(20, "header"), (150, "list of chunks")])
    func aDamagedSnapshotIsFound(offset: Int, part: String) throws {
        let file = home.snapshots + "/snapshot-0000000000000014"
        try DurableHome.flip(file, at: offset)
        #expect(try verdict().text.contains("  \(file): the checksum of its \(part) is wrong"))
        #expect(try listing().text.contains("  damaged"))
    }

    @Test func aDamagedChunkIsFoundAndSoIsTheSnapshotThatNeedsIt() throws {
        let file = home.snapshots + "/layer-0000000000000002"
        try DurableHome.flip(file, at: 100)
        let text = try verdict().text
        #expect(text.hasPrefix("damaged: 2 problems in "))
        #expect(text.contains("  \(file) at byte 62: the checksum of a chunk is wrong"), "\(text)")
        #expect(text.contains("/snapshot-0000000000000014: 1 of its 1 chunks are damaged or gone"), "\(text)")
        #expect(try listing().text.contains("layer-0000000000000002    550     488       1  damaged"))
        try FileManager.default.removeItem(atPath: file)
        #expect(try verdict().text.contains("  \(file): the file is gone"))
    }

    @Test func aSnapshotOfAnotherStateThanItSaysIsFound() throws {
        var files = try FileDirectory(at: home.snapshots)
        var entries = try SnapshotFiles(in: &files, DurableHome.identity)
        let other = Hashing.hashed(DurableHome.contents(30))
        let wrong = HashedCheckpoint(
            contents: other.contents, manifest: other.manifest, digest: DurableHome.digest(40))
        _ = try entries.keep(wrong, after: Instance(40), in: &files)
        #expect(try verdict().text.contains("snapshot-0000000000000028: its state has the digest "))
    }

    @Test func aSnapshotThatIsCutOffOrRenamedIsFound() throws {
        let (first, second) = (
            home.snapshots + "/snapshot-0000000000000014", home.snapshots + "/snapshot-0000000000000015"
        )
        try FileManager.default.copyItem(atPath: first, toPath: second)
        try DurableHome.change(first) { $0.removeLast(10) }
        let text = try verdict().text
        #expect(text.contains("\(first): it holds 46 bytes of a list of 56"))
        #expect(text.contains("\(second): its header is that of the snapshot after instance 20"))
    }

    @Test func aSnapshotThatTheReplicaNeedsIsMissed() throws {
        try FileManager.default.removeItem(atPath: home.snapshots + "/snapshot-000000000000000a")
        let text = try verdict().text
        #expect(text.contains("\(home.snapshots): a snapshot is missing: the log tells of instances from 11 on, and"))
        try FileManager.default.removeItem(atPath: home.snapshots)
        #expect(try verdict().isOK == false)
    }

    @Test func anothersSnapshotIsFound() throws {
        // It does not come there by itself: a replica refuses another's.
        let other = scratch.path + "/other"
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        try home.keep([28, 29, 30], LogIdentity(group: DurableHome.identity.group, replica: ReplicaID(3)), in: other)
        for name in ["/" + SnapshotNames.snapshot(Instance(30)), "/layer-0000000000000003"] {
            try FileManager.default.copyItem(atPath: other + name, toPath: home.snapshots + name)
        }
        #expect(try verdict().text.contains("it is of replica 3 of group"))
    }

    // MARK: - What is no log

    @Test func aDirectoryWithoutALogSaysSo() async throws {
        let path = scratch.path + "/empty"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        #expect(try failure(path) == "there is no log in \(path): \(LogPlace.wanted)")
        #expect(try failure(home.snapshots).hasPrefix("there is no log in "))
        await #expect(throws: ExitCode(1)) { try await run(["verify", path, "--json"]) }
    }

    @Test func whatIsNoDirectorySaysSo() throws {
        let file = try scratch.file("a", "")
        #expect(try failure(file) == "\(file) is a file, not a directory: \(LogPlace.wanted)")
        #expect(try failure(scratch.path + "/none").hasPrefix("\(scratch.path)/none does not exist"))
    }

    @Test func aFileThatCannotBeReadIsNamed() throws {
        let file = home.log + "/log-00000000000000ff"
        try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: true)
        let failure = try failure(home.path)
        #expect(failure.hasPrefix("\(file) cannot be read: ") && failure.contains("as the user"))
    }

    @Test func anotherFormatIsNamed() throws {
        let name = try segments[0]
        try DurableHome.change(home.log + "/" + name) { data in
            data[11] = 9
            let checksum = CRC32C.checksum(Bytes(data[..<92]))
            for place in 0..<4 { data[92 + place] = UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * place)) }
        }
        let words =
            "\(home.log)/\(name) has the format 9, and this program reads the format 1: use the version of martlet"
        #expect(try failure(home.path).hasPrefix(words))
    }

    private func run(_ arguments: [String]) async throws {
        var command = try LogCommand.parseAsRoot(arguments)
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
        } else {
            try command.run()
        }
    }
}
