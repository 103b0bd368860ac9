// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletTypes
import Testing

@testable import MartletReplica

/// Real replicas that write down what they vote for.
@Suite(.serialized) struct DurableGroupTests {
    private func settings() -> GroupSettings {
        var settings = GroupSettings()
        settings.checkpointPeriod = 8
        settings.window = 4
        settings.isDurable = true
        return settings
    }

    @Test func allStopAndGoOnFromTheirDisks() async throws {
        let group = try await TestGroup(settings: settings())
        try group.start(0..<4)
        let client = try RawClient(group: group)
        let session = try await client.open()
        for number in 1...20 { _ = try await client.put("a=\(number)", in: session) }
        for place in 0..<4 { try await group.stop(place) }
        try group.start(0..<4)
        #expect(try await client.put("a=21", in: session) == "20")
        for place in 0..<4 {
            let status = try await client.waitForStatus(of: ReplicaID(UInt16(place))) { $0.executed >= Instance(21) }
            #expect(status.mode == .voter && status.epoch.view == .genesis)
        }
        await client.close()
        try await group.stopAll()
        #expect(!group.log.contains("the disk takes more than") && !group.log.contains("the disk has not written"))
    }

    /// Reads that come at once after a restart were answered from the snapshot that a replica begins with.
    @Test func readsThatComeBeforeAllIsExecutedAgainWaitForThat() async throws {
        var settings = settings()
        settings.checkpointPeriod = 64
        let group = try await TestGroup(settings: settings)
        try group.start(0..<4)
        let client = try RawClient(group: group)
        let session = try await client.open()
        for number in 1...40 { _ = try await client.put("a=\(number)", in: session) }
        for place in 0..<4 { try await group.stop(place) }
        try group.start(0..<4)
        #expect(try await client.read("a") == "40")
        await client.close()
        try await group.stopAll()
    }

    @Test func whoLostItsDiskIsAdmittedAgainAndRemembersThat() async throws {
        let group = try await TestGroup(settings: settings())
        try group.start(0..<4)
        let client = try RawClient(group: group)
        let session = try await client.open()
        for number in 1...20 { _ = try await client.put("a=\(number)", in: session) }
        try await group.stop(3)
        for folder in ["log", "snapshots"] {
            try FileManager.default.removeItem(atPath: "\(group.directory)/3/\(folder)")
        }
        try group.start([3])
        let back = try await client.waitForStatus(of: ReplicaID(3)) { $0.mode == .voter }
        #expect(back.epoch.view == ViewNumber(2))
        #expect(group.log.contains("what this replica had written down is gone"))
        try await group.stop(3)
        try group.start([3])
        let again = try await client.waitForStatus(of: ReplicaID(3)) { $0.mode == .voter }
        #expect(again.epoch.view == ViewNumber(2))
        #expect(try await client.put("a=21", in: session) == "20")
        await client.close()
        try await group.stopAll()
    }

    /// Flips a bit of the file of that folder that is chosen, if it is still there.
    private func damage(
        _ folder: String, _ prefix: String, at offset: UInt64, _ mask: UInt8 = 1, choose: ([String]) -> String?
    ) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        guard let name = choose(names.filter { $0.hasPrefix(prefix) && !$0.hasSuffix("draft") }),
            let handle = FileHandle(forUpdatingAtPath: "\(folder)/\(name)")
        else { return }
        try handle.seek(toOffset: offset)
        let byte = try #require(try handle.read(upToCount: 1)?.first)
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: [byte ^ mask])
        try handle.close()
    }

    private func waitForLog(_ text: String, of group: TestGroup) async throws {
        for _ in 0..<300 where !group.log.contains(text) { try await Task.sleep(for: .milliseconds(100)) }
        #expect(group.log.contains(text), "\(text)")
    }

    @Test func damageToTheDiskOfARunningReplicaIsFoundAndMended() async throws {
        let group = try await TestGroup(settings: settings())
        try group.start(0..<3)
        try group.start([3]) { configuration in
            configuration.scrubPause = .milliseconds(300)
        }
        let client = try RawClient(group: group)
        let session = try await client.open()
        for number in 1...20 { _ = try await client.put("a=\(number)", in: session) }
        _ = try await client.waitForStatus(of: ReplicaID(3)) { $0.executed >= Instance(20) }
        let home = "\(group.directory)/3"
        // A segment's first frames.
        try damage("\(home)/log", "log-", at: 300) { $0.first }
        try await waitForLog("damaged on the disk: log/", of: group)
        try await waitForLog("what the log needs was written again", of: group)
        // The newest layer's first chunk; again where the next checkpoint came before anybody looked.
        let mended = "was written again where it was damaged"
        for round in 0..<40 where !group.log.contains(mended) {
            try damage("\(home)/snapshots", "layer-", at: 62, 1 << UInt8(round % 8)) { $0.last }
            for _ in 0..<20 where !group.log.contains(mended) { try await Task.sleep(for: .milliseconds(50)) }
        }
        #expect(group.log.contains("damaged on the disk: snapshots/") && group.log.contains(mended))
        // What is in no memory any more the next checkpoint heals.
        var last = 20
        for _ in 0..<100 {
            let status = try await client.status(of: ReplicaID(3))
            if status.damagesFound >= 2, !status.isDamaged { break }
            last += 1
            _ = try await client.put("a=\(last)", in: session)
            try await Task.sleep(for: .milliseconds(100))
        }
        _ = try await client.waitForStatus(of: ReplicaID(3)) { $0.damagesFound >= 2 && !$0.isDamaged }
        try await group.stop(3)
        try group.start([3])
        let back = try await client.waitForStatus(of: ReplicaID(3)) { $0.executed >= Instance(20) }
        #expect(back.mode == .voter && back.epoch.view == .genesis)
        #expect(!group.log.contains("what this replica had written down is"))
        #expect(try await client.put("a=end", in: session) == "\(last)")
        await client.close()
        try await group.stopAll()
    }

    @Test func anothersLogIsRefused() async throws {
        let group = try await TestGroup(settings: settings())
        try group.start(0..<4)
        let client = try RawClient(group: group)
        _ = try await client.put("a=1", in: try await client.open())
        try await group.stop(2)
        try await group.stop(3)
        try FileManager.default.removeItem(atPath: "\(group.directory)/3/log")
        try FileManager.default.copyItem(atPath: "\(group.directory)/2/log", toPath: "\(group.directory)/3/log")
        let replica = try Replica(configuration: group.configuration(3), machine: TextMachine())
        let error = await #expect(throws: ReplicaError.self) { try await replica.run() }
        #expect("\(String(describing: error))".contains("replica 2 of group"))
        await client.close()
        try await group.stopAll()
    }

    private func stopped(after puts: Int) async throws -> TestGroup {
        let group = try await TestGroup(settings: settings())
        try group.start(0..<4)
        let client = try RawClient(group: group)
        let session = try await client.open()
        for number in 1...puts { _ = try await client.put("a=\(number)", in: session) }
        for place in 0..<4 {
            _ = try await client.waitForStatus(of: ReplicaID(UInt16(place))) { $0.stableCheckpoint > .zero }
        }
        for place in 0..<4 { try await group.stop(place) }
        await client.close()
        return group
    }

    private func refusal(of place: Int, in group: TestGroup) async throws -> String {
        let replica = try Replica(configuration: group.configuration(place), machine: TextMachine())
        let error = await #expect(throws: ReplicaError.self) { try await replica.run() }
        return String(describing: error)
    }

    /// It was taken for damage, and the replica gave up what it had said.
    @Test func anothersSnapshotsAreRefused() async throws {
        let group = try await stopped(after: 12)
        try FileManager.default.removeItem(atPath: "\(group.directory)/3/snapshots")
        try FileManager.default.copyItem(
            atPath: "\(group.directory)/2/snapshots", toPath: "\(group.directory)/3/snapshots")
        let error = try await refusal(of: 3, in: group)
        #expect(error.contains("homeOfAnother") || error.contains("belongs to replica 2 of group"))
        try await group.stopAll()
    }

    @Test func aSnapshotThatCannotBeReadIsNoDamage() async throws {
        let group = try await stopped(after: 12)
        let folder = "\(group.directory)/3/snapshots"
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: folder).sorted().last { $0.hasPrefix("snapshot-0") })
        try FileManager.default.moveItem(atPath: "\(folder)/\(name)", toPath: "\(group.directory)/aside")
        try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: false)
        let error = try await refusal(of: 3, in: group)
        #expect(error.contains(name) && !group.log.contains("3: error: what this replica had written down"))
        // It is a passing error: with the file back the replica goes on as a voter.
        try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        try FileManager.default.moveItem(atPath: "\(group.directory)/aside", toPath: "\(folder)/\(name)")
        try group.start(0..<4)
        let client = try RawClient(group: group)
        let status = try await client.waitForStatus(of: ReplicaID(3)) { $0.executed >= Instance(13) }
        #expect(status.mode == .voter && status.epoch.view == .genesis)
        await client.close()
        try await group.stopAll()
    }

    @Test func aHomeWhoseFoldersCannotBeMadeIsRefused() async throws {
        let group = try await TestGroup(settings: settings())
        try FileManager.default.removeItem(atPath: "\(group.directory)/3")
        let error = try await refusal(of: 3, in: group)
        #expect(error.contains("cannot be used") || error.contains("homeUnusable"))
        try await group.stopAll()
    }
    /// Each home said that its replica may have voted, and no log said anything: so all came back as if their votes were lost, and
    /// nobody was left to admit them.
    @Test func powerThatGoesBeforeTheFirstWordsEndsNoGroup() async throws {
        let group = try await TestGroup(settings: settings())
        let view = try group.view
        for place in 0..<4 {
            let configuration = group.configuration(place)
            let home = "\(group.directory)/\(place)"
            // As far as a first start comes before it says anything.
            _ = try ReplicaDisk.open(
                home: home, group: view.group, replica: configuration.replica, isFounder: true, hasVoted: false,
                incarnation: 1,
                opening: configuration.openFiles, logger: configuration.logger)
            try ReplicaHome(directory: home, group: view.group, replica: configuration.replica).markVoted()
        }
        try group.start(0..<4)
        let client = try RawClient(group: group)
        _ = try await client.put("a=1", in: try await client.open())
        for place in 0..<4 {
            let status = try await client.waitForStatus(of: ReplicaID(UInt16(place))) { $0.executed >= Instance(1) }
            #expect(status.mode == .voter && status.epoch.view == .genesis)
        }
        await client.close()
        try await group.stopAll()
    }
}
