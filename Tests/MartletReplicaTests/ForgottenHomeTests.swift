// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletTypes
import Testing

@testable import MartletReplica

/// Homes that are not what their replica left: it can tell only by what the others have of it.
@Suite(.serialized) struct ForgottenHomeTests {
    private func settings() -> GroupSettings {
        var settings = GroupSettings()
        settings.checkpointPeriod = 8
        settings.window = 4
        settings.isDurable = true
        return settings
    }

    /// Waits until all have the same newest checkpoint, and have told each other.
    private func haveAllSaidSo(_ client: RawClient) async throws {
        let newest = try await client.status(of: ReplicaID(0)).stableCheckpoint
        for place in 1..<4 as Range<UInt16> {
            _ = try await client.waitForStatus(of: ReplicaID(place)) { $0.stableCheckpoint >= newest }
        }
        try await Task.sleep(for: .milliseconds(300))
    }

    /// A disk was changed, or everything deleted by hand: nothing here says that this replica has ever voted.
    @Test func whoseWholeHomeIsGoneFindsItsOwnWord() async throws {
        let group = try await TestGroup(settings: settings())
        try group.start(0..<4)
        let client = try RawClient(group: group)
        let session = try await client.open()
        for number in 1...40 { _ = try await client.put("a=\(number)", in: session) }
        try await haveAllSaidSo(client)
        try await group.stop(3)
        let home = "\(group.directory)/3"
        for name in try FileManager.default.contentsOfDirectory(atPath: home) {
            try FileManager.default.removeItem(atPath: "\(home)/\(name)")
        }
        try group.start([3])
        let back = try await client.waitForStatus(of: ReplicaID(3)) {
            $0.mode == .voter && $0.epoch.view == ViewNumber(2)
        }
        #expect(back.executed > .zero && group.log.contains("remembers nothing after 0"))
        await client.close()
        try await group.stopAll()
    }

    @Test func whoseHomeIsAnOlderCopyFindsItsOwnWord() async throws {
        let group = try await TestGroup(settings: settings())
        try group.start(0..<4)
        let client = try RawClient(group: group)
        let session = try await client.open()
        for number in 1...10 { _ = try await client.put("a=\(number)", in: session) }
        try await group.stop(3)
        let (home, copy) = ("\(group.directory)/3", "\(group.directory)/copy")
        try FileManager.default.copyItem(atPath: home, toPath: copy)
        try group.start([3])
        // It forgets only what it has said: were it back only after these, it would take over a state and vote for nothing.
        let others = try await client.status(of: ReplicaID(0)).executed
        _ = try await client.waitForStatus(of: ReplicaID(3)) { $0.mode == .voter && $0.executed >= others }
        for number in 11...60 { _ = try await client.put("a=\(number)", in: session) }
        try await haveAllSaidSo(client)
        try await group.stop(3)
        try FileManager.default.removeItem(atPath: home)
        try FileManager.default.moveItem(atPath: copy, toPath: home)
        try group.start([3])
        let back = try await client.waitForStatus(of: ReplicaID(3)) {
            $0.mode == .voter && $0.epoch.view == ViewNumber(2)
        }
        #expect(back.executed > .zero && group.log.contains("an older copy of this replica's directory"))
        await client.close()
        try await group.stopAll()
    }
}
