// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletTypes
import Testing

@testable import MartletReplica

/// Real replicas of a group whose members change.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ChangingGroupTests {
    private func settings(isDurable: Bool) -> GroupSettings {
        var settings = GroupSettings()
        settings.checkpointPeriod = 8
        settings.window = 4
        settings.isDurable = isDurable
        return settings
    }

    /// All tell that they are in that view and vote.
    private func expectVoters(
        _ replicas: [UInt16], in view: UInt64, _ client: RawClient, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        for replica in replicas {
            let status = try await client.waitForStatus(of: ReplicaID(replica)) {
                $0.epoch.view == ViewNumber(view) && $0.mode == .voter
            }
            #expect(!status.peers.contains { $0.isLearner }, sourceLocation: sourceLocation)
        }
    }

    /// As it is when the learner of that view is a member.
    private func admitted(_ id: ReplicaID, in view: View) throws -> View {
        try #require(view.admitting(Rejoin(view: view.number, incarnation: 1), of: id, at: .zero))
    }

    @Test(arguments: [false, true])
    func aNewcomerTakesThePlaceOfAMemberWhichEndsByItself(isDurable: Bool) async throws {
        let group = try await TestGroup(settings: settings(isDurable: isDurable))
        try group.start(0..<4) { $0.timeouts.farewell = .seconds(1) }
        let client = try RawClient(group: group)
        let session = try await client.open()
        for number in 1...20 { _ = try await client.put("a=\(number)", in: session) }
        let newcomer = try await group.newcomer(9)
        try group.start(newcomer)
        #expect(try await eventually { group.log.contains("9: notice: replica 9 is in no view") })
        let operation = GroupOperation.add(Learner(newcomer.member, replacing: ReplicaID(3)))
        #expect(try await client.change(try group.signed(operation, number: 1), in: session) == .follows(ViewNumber(2)))
        let observer = try RawClient(group: group, view: try admitted(newcomer.id, in: try group.views([operation])[1]))
        try await expectVoters([9, 0, 1, 2], in: 3, observer)
        try await group.waitForEnd(of: ReplicaID(3))
        #expect(group.log.contains("3: notice: view 3 does not list replica 3 any more, and nobody needs it"))
        let home = ReplicaHome(
            directory: try #require(group.configuration(3).homeDirectory), group: try group.view.group,
            replica: ReplicaID(3))
        #expect(try home.hasLeft())
        // It counts: without another member the group goes on.
        try await group.stop(0)
        let another = try await observer.open()
        for number in 21...40 { #expect(try await observer.put("a=\(number)", in: another) == "\(number - 1)") }
        let end = try await observer.waitForStatus(of: newcomer.id) { $0.executed >= Instance(40) }
        #expect(end.mode == .voter)
        await observer.close()
        await client.close()
        try await group.stopAll()
    }

    /// Started with the new one, from the same home, it goes on; with the former one it is refused.
    @Test func aMemberGoesOnWithAnotherKey() async throws {
        let group = try await TestGroup(settings: settings(isDurable: true))
        try group.start(0..<4)
        let client = try RawClient(group: group)
        let session = try await client.open()
        for number in 1...10 { _ = try await client.put("a=\(number)", in: session) }
        let (old, key) = (group.genesis.members[2], SigningKey())
        let member = Member(id: old.id, key: key.publicKey, host: old.host, port: old.port, isHeavy: old.isHeavy)
        #expect(
            try await client.change(try group.signed(.update(member), number: 1), in: session)
                == .follows(ViewNumber(2)))
        #expect(try await eventually { group.log.contains("2: error: view 2 lists this replica with another key") })
        try await group.stop(2)
        var configuration = group.configuration(2)
        await #expect(throws: ReplicaError.self) {
            try await Replica(configuration: configuration, machine: TextMachine()).run()
        }
        configuration.key = key
        try group.start(configuration)
        let observer = try RawClient(group: group, view: try group.views([.update(member)])[1])
        _ = try await observer.waitForStatus(of: old.id) { $0.mode == .voter && $0.executed >= Instance(10) }
        try await group.stop(3)
        let another = try await observer.open()
        #expect(try await observer.put("a=11", in: another) == "10")
        await observer.close()
        await client.close()
        try await group.stopAll()
    }

    @Test func aMemberThatSleptIsToldWhereTheGroupIs() async throws {
        let group = try await TestGroup(settings: settings(isDurable: true))
        try group.start(0..<3)
        let client = try RawClient(group: group)
        let session = try await client.open()
        var number: UInt64 = 0
        for round in 0..<5 {
            var settings = try group.view.settings
            settings.goalPermille = 1_030 + round
            let plan = try group.view.plan
            number += 1
            let operation = GroupOperation.arrange(
                ViewPlan(heavy: plan.heavy, leaderOrder: plan.leaderOrder, settings: settings))
            #expect(
                try await client.change(try group.signed(operation, number: number), in: session)
                    == .follows(ViewNumber(number + 1)))
        }
        try group.start([3])
        _ = try await client.waitForStatus(of: ReplicaID(3)) { $0.epoch.view == ViewNumber(6) && $0.mode == .voter }
        await client.close()
        try await group.stopAll()
    }
}
