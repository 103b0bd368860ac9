// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletTypes
import Testing

@testable import MartletReplica

/// Backups of real groups, and real groups that begin with them.
@Suite(.serialized) struct BackupTests {
    private func settings(isDurable: Bool = true) -> GroupSettings {
        var settings = GroupSettings()
        settings.checkpointPeriod = 8
        settings.window = 4
        settings.isDurable = isDurable
        return settings
    }

    /// Has it execute 20 operations, and makes a backup while it runs.
    private func backedUp(_ group: TestGroup, from first: Int = 1) async throws -> (path: String, Backup) {
        try group.start(group.keys.indices)
        let client = try RawClient(group: group)
        let session = try await client.open()
        for number in first..<first + 20 { _ = try await client.put("a=\(number)", in: session) }
        _ = try await client.waitForStatus(of: ReplicaID(0)) { $0.stableCheckpoint >= Instance(16) }
        await client.close()
        let path = group.directory + "/backup"
        return (path, try Backup.make(ofHome: group.home(0), genesis: group.genesis, to: path))
    }

    private func text(_ name: String, in path: String) throws -> String {
        let file = try BackupFile(path)
        var machine = TextMachine()
        let first = file.header.imageChunks
        try machine.restore(all: SnapshotReader(count: file.header.chunks.count - first) { try file.chunk(first + $0) })
        return machine.snapshot()[name] ?? ""
    }

    private func restored(_ path: String, _ origin: OriginState, n: Int, isDurable: Bool) async throws -> TestGroup {
        let group = try await TestGroup(count: n, settings: settings(isDurable: isDurable), origin: origin)
        for place in 0..<n { try Backup.copy(path, to: group.home(place) + "/origin") }
        return group
    }

    @Test func aNewGroupOfAnotherSizeBeginsWithTheStateAndCanBeBackedUpAgain() async throws {
        let group = try await TestGroup(settings: settings())
        let (path, backup) = try await backedUp(group)
        #expect(try Backup.verify(path, of: group.genesis) == backup && backup.origin.instance >= Instance(16))
        #expect(backup.signatures >= 3 && backup.genesis == group.genesis && backup.time > .zero)

        let other = try await restored(path, backup.origin, n: 7, isDurable: true)
        let (again, second) = try await backedUp(other, from: 101)
        #expect(second.origin.group != backup.origin.group && second.genesis.origin?.state == backup.origin)
        #expect(second.time > backup.time)

        let third = try await restored(again, second.origin, n: 4, isDurable: false)
        try third.start(0..<4)
        let client = try RawClient(group: third)
        let session = try await client.open()
        let former = try await client.put("a=x", in: session)
        #expect(former == (try text("a", in: again)), "the state is exactly the one that was signed")
        #expect(Int(former) ?? 0 > 101)
        #expect(try await client.read("a") == "x")
        #expect(try await client.read("begun") == "anewanew")
        await client.close()
        for group in [group, other, third] { try await group.stopAll() }
    }

    /// Also where no checkpoint was taken before, and where a replica has lost its log and begins anew.
    @Test func replicasThatRestartBeginThereAgain() async throws {
        let group = try await TestGroup(settings: settings())
        let (path, backup) = try await backedUp(group)
        let other = try await restored(path, backup.origin, n: 4, isDurable: true)
        try other.start(0..<4)
        let client = try RawClient(group: other)
        let session = try await client.open()
        _ = try await client.put("b=1", in: session)
        for place in 0..<4 { try await other.stop(place) }
        try FileManager.default.removeItem(atPath: other.home(3) + "/log")
        try other.start(0..<4)
        #expect(try await client.put("b=2", in: session) == "1")
        #expect(try await client.read("begun") == "anew")
        for number in 1...20 { _ = try await client.put("b=\(number)", in: session) }
        let status = try await client.waitForStatus(of: ReplicaID(3)) { $0.mode == .voter }
        #expect(status.epoch.view > .genesis)
        // With a checkpoint of the group's own nobody needs the backup any more.
        _ = try await client.waitForStatus(of: ReplicaID(0)) { $0.stableCheckpoint >= Instance(16) }
        try await other.stop(0)
        try FileManager.default.removeItem(atPath: other.home(0) + "/origin")
        try other.start([0])
        _ = try await client.waitForStatus(of: ReplicaID(0)) { $0.executed >= Instance(16) && $0.mode == .voter }
        await client.close()
        #expect(!other.log.contains("another state"))
        for group in [group, other] { try await group.stopAll() }
    }

    @Test func backupsOfAReplicaUnderLoadAreWhole() async throws {
        let group = try await TestGroup(settings: settings())
        let (_, first) = try await backedUp(group)
        let client = try RawClient(group: group)
        let session = try await client.open()
        let load = Task {
            for number in 1...400 { _ = try await client.put("n\(number % 50)=\(number)", in: session) }
        }
        var newest = first.instance
        for number in 1...20 {
            let path = group.directory + "/backup\(number)"
            let backup = try Backup.make(ofHome: group.home(number % 4), genesis: group.genesis, to: path)
            #expect(try Backup.verify(path, of: group.genesis) == backup)
            newest = max(newest, backup.instance)
        }
        try await load.value
        #expect(newest >= first.instance)
        await client.close()
        try await group.stopAll()
    }

    /// Though the client, with its key, is the same.
    @Test func sessionsOfTheOldGroupAreUnknownInTheNewOne() async throws {
        let group = try await TestGroup(settings: settings())
        try group.start(0..<4)
        let key = SigningKey()
        let former = try RawClient(group: group, key: key)
        var session = try await former.open()
        for _ in 0..<2 { session = try await former.open() }
        for number in 1...20 { _ = try await former.put("a=\(number)", in: session) }
        _ = try await former.waitForStatus(of: ReplicaID(0)) { $0.stableCheckpoint >= Instance(16) }
        let path = group.directory + "/backup"
        let backup = try Backup.make(ofHome: group.home(0), genesis: group.genesis, to: path)
        #expect(try BackupFile(path).image().sessions.contains { $0.id == session })

        let other = try await restored(path, backup.origin, n: 4, isDurable: true)
        try other.start(0..<4)
        let client = try RawClient(group: other, key: key)
        client.send([client.request(21, in: session, "a=again")])
        let second = try RawClient(group: other)
        let own = try await second.open()
        _ = try await second.put("b=1", in: own)
        #expect(try await second.read("a") == text("a", in: path))
        for client in [former, client, second] { await client.close() }
        for group in [group, other] { try await group.stopAll() }
    }
}
