// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletTypes
import Testing

@testable import MartletReplica

/// What a replica finds out at its start.
@Suite(.serialized) struct StandingTests {
    private func durable() -> GroupSettings {
        var settings = GroupSettings()
        settings.isDurable = true
        return settings
    }

    /// As an earlier run leaves it that knew these views.
    private func writeHome(_ configuration: ReplicaConfiguration, _ chain: [ViewCertificate], in group: TestGroup)
        throws
    {
        let home = try #require(configuration.homeDirectory)
        let view = try group.view
        let (disk, _) = try ReplicaDisk.open(
            home: home, group: view.group, replica: configuration.replica, isFounder: false, hasVoted: false,
            incarnation: 7, opening: configuration.openFiles, logger: configuration.logger)
        let number = chain.last?.next.number ?? .genesis
        try disk.append(
            [.incarnation(7)] + chain.map { .view($0) } + [.entered(Epoch(view: number, regency: .first))])
        try ReplicaHome(directory: home, group: view.group, replica: configuration.replica).markVoted()
    }

    @Test func standings() async throws {
        let group = try await TestGroup()
        let newcomer = try await group.newcomer(9)
        let old = group.genesis.members[2]
        let key = SigningKey()
        let member = Member(id: old.id, key: key.publicKey, host: old.host, port: old.port, isHeavy: old.isHeavy)
        let chain = group.chain(
            try group.views([.update(member), .add(Learner(newcomer.member)), .remove(newcomer.id)]))
        func standing(_ replica: ReplicaID, _ key: PublicKey, _ count: Int) throws -> Standing {
            let views = KnownViews(try group.view)
            for certificate in chain.prefix(count) { views.add(certificate) }
            return Standing(of: replica, key: key, in: views)
        }
        let own = newcomer.member.key
        #expect(
            try (0...3).map { try standing(newcomer.id, own, $0) } == [
                .unlisted, .unlisted, .listed, .removed(ViewNumber(4)),
            ])
        #expect(try standing(newcomer.id, key.publicKey, 2) == .otherKey(own))
        #expect(try standing(old.id, old.key, 0) == .listed)
        #expect(try standing(old.id, old.key, 3) == .keyReplaced(ViewNumber(2), by: key.publicKey))
        #expect(try standing(old.id, key.publicKey, 0) == .otherKey(old.key))
        #expect(try standing(old.id, key.publicKey, 3) == .listed)
        try await group.stopAll()
    }

    @Test func aReplicaThatWasRemovedSaysSoAtItsNextStart() async throws {
        let group = try await TestGroup(count: 5, settings: durable())
        let chain = group.chain(try group.views([.remove(ReplicaID(4))]))
        let configuration = group.configuration(4)
        try writeHome(configuration, chain, in: group)
        let replica = try Replica(configuration: configuration, machine: TextMachine())
        // Others may lack what it has written down.
        let running = Task { try await replica.run() }
        for _ in 0..<200 where !group.log.contains("view 2 does not list replica 4 any more: it serves those") {
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(group.log.contains("view 2 does not list replica 4 any more: it serves those that are behind"))
        running.cancel()
        try await running.value
        // Once they do not, and it has ended by itself, it is refused.
        let home = try #require(configuration.homeDirectory)
        try ReplicaHome(directory: home, group: try group.view.group, replica: ReplicaID(4)).markLeft()
        let again = try Replica(configuration: configuration, machine: TextMachine())
        let error = await #expect(throws: ReplicaError.self) { try await again.run() }
        #expect(error == .removed(ReplicaID(4), in: ViewNumber(2)))
        #expect("\(try #require(error))".hasPrefix("replica 4 was removed from the group in view 2"))
        try await group.stopAll()
    }

    @Test func aReplicaThatIsStartedWithItsFormerKeySaysSo() async throws {
        let group = try await TestGroup(settings: durable())
        let old = group.genesis.members[2]
        let key = SigningKey()
        let member = Member(id: old.id, key: key.publicKey, host: old.host, port: old.port, isHeavy: old.isHeavy)
        try writeHome(group.configuration(2), group.chain(try group.views([.update(member)])), in: group)
        let replica = try Replica(configuration: group.configuration(2), machine: TextMachine())
        await #expect(
            throws: ReplicaError.keyReplaced(old.id, in: ViewNumber(2), by: key.publicKey, found: old.key)
        ) { try await replica.run() }
        try await group.stopAll()
    }

    @Test func anotherMembersKeyIsAMistake() async throws {
        let group = try await TestGroup()
        var configuration = group.configuration(0)
        configuration.key = group.keys[1]
        #expect(
            throws: ReplicaError.wrongKey(ReplicaID(0), keyOf: ReplicaID(1), found: group.keys[1].publicKey)
        ) { try Replica(configuration: configuration, machine: TextMachine()) }
        configuration = group.configuration(try await group.newcomer(9))
        configuration.key = group.keys[1]
        #expect(throws: ReplicaError.self) { try Replica(configuration: configuration, machine: TextMachine()) }
        configuration = group.configuration(try await group.newcomer(10))
        configuration.via = (1...65).map { Contact(host: "127.0.0.1", port: $0) }
        #expect(throws: ReplicaError.self) { try Replica(configuration: configuration, machine: TextMachine()) }
        try await group.stopAll()
    }

    @Test func aNewcomersDiskSaysNothingBeforeItFollows() async throws {
        let group = try await TestGroup(settings: durable())
        let configuration = group.configuration(try await group.newcomer(9))
        let home = try #require(configuration.homeDirectory)
        for _ in 0..<2 {
            let (_, recovered) = try ReplicaDisk.open(
                home: home, group: try group.view.group, replica: configuration.replica, isFounder: false,
                hasVoted: false, incarnation: 7, opening: configuration.openFiles, logger: configuration.logger)
            #expect(recovered.restoration.isEmpty && !recovered.isDamaged)
        }
        try await group.stopAll()
    }
}
