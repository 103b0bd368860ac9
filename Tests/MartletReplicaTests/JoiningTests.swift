// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTransport
import MartletTypes
import MartletWire
import ServiceLifecycle
import Testing

@testable import MartletReplica

/// A replica that is not in the group yet, before it has a core.
@Suite(.serialized, .timeLimit(.minutes(2))) struct JoiningTests {
    private func joining(_ newcomer: Newcomer, in group: TestGroup, via: [Int] = []) throws -> Joining {
        var configuration = group.configuration(newcomer)
        configuration.via = via.map { Contact(host: "127.0.0.1", port: $0) }
        return try Joining(configuration: configuration, view: try group.view, chain: [])
    }

    private func tell(_ certificates: [ViewCertificate], to connection: InboundConnection) {
        connection.send([PeerMessage.views(ViewChainPart(certificates: certificates)).encoded()])
    }

    @Test func oneThatIsNeverAddedSaysWhatItWaitsForAndStopsCleanly() async throws {
        let group = try await TestGroup()
        try group.start(0..<4)
        let newcomer = try await group.newcomer(9)
        try group.start(newcomer)
        let client = try RawClient(group: group)
        _ = try await client.put("a=1", in: try await client.open())
        #expect(try await eventually { group.log.contains("9: info: replica 2 at") })
        let words = "9: notice: replica 9 is in no view of the group up to 1"
        #expect(
            group.log.contains(words) && group.log.contains("as replica 9 with the public key \(newcomer.member.key)"))
        #expect(group.log.contains("replica 9 is in no view up to 1; it has to be added first"))
        try await group.stop(newcomer.id)
        #expect(group.log.contains("9: info: stopped"))
        #expect(try await client.put("a=2", in: try await client.open()) == "1")
        await client.close()
        try await group.stopAll()
    }

    @Test func oneThatWaitsEndsWithAGracefulShutdown() async throws {
        let group = try await TestGroup()
        let newcomer = try await group.newcomer(9)
        let replica = try Replica(configuration: group.configuration(newcomer), machine: TextMachine())
        let service = ServiceGroup(services: [replica], logger: group.log.logger("service"))
        let running = Task { try await service.run() }
        #expect(try await eventually { group.log.contains("it waits until") })
        await service.triggerGracefulShutdown()
        try await running.value
        #expect(group.log.contains("9: info: stopped"))
        try await group.stopAll()
    }

    @Test func itTakesTheChainFromWhoeverTellsItFirstAndAsksForTheRest() async throws {
        let group = try await TestGroup()
        let newcomer = try await group.newcomer(9)
        var views = try group.views(count: 130)
        let last = views[129]
        views.append(try last.successor(group.signed(.add(Learner(newcomer.member)), after: last)))
        let chain = group.chain(views)
        // Tells as much as travels at once, and the rest only when it is asked.
        let member = try await ScriptedMember(
            2, of: group, view: last.number.next,
            onOpen: { tell(Array(chain.prefix(64)), to: $0) },
            onMessage: { message, connection in
                guard case .fetchViews(let fetch) = message else { return }
                tell(Array(chain.dropFirst(Int(fetch.after.rawValue) - 1).prefix(64)), to: connection)
            })
        let joining = try joining(newcomer, in: group)
        let taken = try #require(try await joining.run())
        #expect(taken == chain)
        #expect(member.messages.contains(.fetchViews(FetchViews(after: ViewNumber(65)))))
        await member.close()
        try await group.stopAll()
    }

    @Test func itAsksWhoeverListensAtAnAddressThatItWasGiven() async throws {
        let group = try await TestGroup()
        let newcomer = try await group.newcomer(9)
        let chain = group.chain(try group.views([.add(Learner(newcomer.member))]))
        // Not at the member's own address, and with a key of its own.
        let other = try await group.newcomer(8)
        let member = try await ScriptedMember(
            key: other.key, port: other.member.port, onOpen: { tell(chain, to: $0) })
        let joining = try joining(newcomer, in: group, via: [other.member.port])
        #expect(try await joining.run() == chain)
        await member.close()
        try await group.stopAll()
    }

    @Test func aLiarsChainAndWhatIsNoChainAreDroppedAndHarmNothing() async throws {
        let group = try await TestGroup()
        let newcomer = try await group.newcomer(9)
        let views = try group.views([.add(Learner(newcomer.member))])
        let forged = group.chain(views, signers: (0..<4).map { _ in SigningKey() })
        let light = ViewCertificate(
            view: .genesis, last: Instance(10), next: views[1], shares: Array(group.chain(views)[0].shares.prefix(2)))
        let liar = try await ScriptedMember(
            1, of: group, view: ViewNumber(2),
            onOpen: { connection in
                connection.send([[0xFF, 1, 2, 3], [1]])
                connection.send([
                    PeerMessage.fetchViews(FetchViews(after: .genesis)).encoded(),
                    PeerMessage.stop(Stop(view: .genesis, regency: Regency(2), reason: .joined)).encoded(),
                ])
                tell(forged, to: connection)
                tell([light], to: connection)
            })
        let joining = try joining(newcomer, in: group)
        let running = Task { try await joining.run() }
        #expect(try await eventually { group.log.contains("dropped 1 messages from replica 1") })
        // It asks on, and hears nothing that it believes.
        #expect(try await eventually { liar.messages.count >= 2 })
        #expect(joining.views.newest.number == .genesis)
        #expect(liar.connections.count == 1)
        // Someone else tells the truth.
        let member = try await ScriptedMember(3, of: group, onOpen: { tell(group.chain(views), to: $0) })
        #expect(try await running.value == group.chain(views))
        await member.close()
        await liar.close()
        try await group.stopAll()
    }

    @Test func whatIsLongerThanAnyChainEndsTheConnectionOnly() async throws {
        let group = try await TestGroup()
        let newcomer = try await group.newcomer(9)
        let liar = try await ScriptedMember(
            1, of: group, onOpen: { $0.send([Bytes(repeating: 1, count: Limits.viewChainFrameBytes.max + 1)]) })
        let joining = try joining(newcomer, in: group)
        let running = Task { try await joining.run() }
        #expect(try await eventually { liar.connections.count >= 2 })
        #expect(group.log.contains("the peer sent a frame of 4194305 bytes, where 4194304 are allowed"))
        joining.stop()
        #expect(try await running.value == nil)
        await liar.close()
        try await group.stopAll()
    }

    @Test func oneThatWasRemovedLearnsItFromTheOthers() async throws {
        let group = try await TestGroup()
        let newcomer = try await group.newcomer(9)
        let chain = group.chain(try group.views([.add(Learner(newcomer.member)), .remove(newcomer.id)]))
        let member = try await ScriptedMember(0, of: group, onOpen: { tell(chain, to: $0) })
        let joining = try joining(newcomer, in: group)
        await #expect(throws: ReplicaError.removed(newcomer.id, in: ViewNumber(3))) { try await joining.run() }
        await member.close()
        try await group.stopAll()
    }

    @Test func aMemberWithAnotherKeyWaitsUntilAViewListsIt() async throws {
        let group = try await TestGroup()
        let former = group.genesis.members[3]
        let key = SigningKey()
        var configuration = group.configuration(3)
        configuration.key = key
        let member = Member(
            id: former.id, key: key.publicKey, host: former.host, port: former.port, isHeavy: former.isHeavy)
        let chain = group.chain(try group.views([.update(member)]))
        let other = try await ScriptedMember(0, of: group)
        let joining = try Joining(configuration: configuration, view: try group.view, chain: [])
        let running = Task { try await joining.run() }
        #expect(try await eventually { !other.connections.isEmpty })
        #expect(group.log.contains("lists replica 3 with the key \(former.key)"))
        #expect(group.log.contains("replaced that by the public key \(key.publicKey)"))
        tell(chain, to: other.connections[0])
        #expect(try await running.value == chain)
        await other.close()
        try await group.stopAll()
    }
}
