// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTransport
import MartletTypes
import MartletWire
import Testing

@testable import MartletReplica

/// A real replica that knows views which whoever connects does not.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ChainTellingTests {
    /// Replica 0, which knows that chain.
    private func engine(_ chain: [ViewCertificate], in group: TestGroup) async throws -> ReplicaEngine<TextMachine> {
        let engine = try ReplicaEngine(
            configuration: group.configuration(0), view: try group.view, chain: chain, mode: .voter, incarnation: 1,
            disk: nil, machine: TextMachine(), onFailure: { _ in })
        try await engine.listen()
        engine.start(nil)
        return engine
    }

    @Test func whoeverConnectsWithAnOlderViewIsToldTheChain() async throws {
        let group = try await TestGroup()
        let chain = group.chain(try group.views(count: 131))
        let engine = try await engine(chain, in: group)
        let old = try DialledReplica(as: ReplicaID(2), key: group.keys[2], knowing: .genesis, to: 0, of: group)
        #expect(try await eventually { old.certificates == chain })
        // In parts that travel.
        #expect(old.messages.prefix(3).map(\.certificateCount) == [64, 64, 2])
        let newer = try DialledReplica(as: ReplicaID(3), key: group.keys[3], knowing: ViewNumber(130), to: 0, of: group)
        #expect(try await eventually { newer.certificates == [chain[129]] })
        // It asks again and is answered on the same connection, at a pace.
        try await Task.sleep(for: .milliseconds(100))
        for _ in 0..<100 { newer.send([.fetchViews(FetchViews(after: ViewNumber(129)))]) }
        #expect(try await eventually { newer.certificates.count >= 3 })
        try await Task.sleep(for: .milliseconds(100))
        #expect(newer.certificates.count < 20)
        await old.close()
        await newer.close()
        await engine.stop()
        try await group.stopAll()
    }

    @Test func whoeverKnowsAsMuchIsToldNothing() async throws {
        let group = try await TestGroup()
        let engine = try await engine(group.chain(try group.views(count: 3)), in: group)
        for number in [3, 4, .max] as [UInt64] {
            let peer = try DialledReplica(
                as: ReplicaID(2), key: group.keys[2], knowing: ViewNumber(number), to: 0, of: group)
            #expect(try await eventually { peer.states.contains(.connected(view: ViewNumber(3))) })
            try await Task.sleep(for: .milliseconds(50))
            #expect(peer.messages.isEmpty)
            await peer.close()
        }
        await engine.stop()
        try await group.stopAll()
    }

    @Test func newcomersAndFormerMembersConnectAndStrangersDoNot() async throws {
        let group = try await TestGroup()
        let (removed, newcomer) = (try await group.newcomer(7), try await group.newcomer(8))
        let chain = group.chain(
            try group.views([
                .add(Learner(removed.member)), .remove(removed.id), .add(Learner(newcomer.member)),
            ]))
        let engine = try await engine(chain, in: group)
        let learner = try DialledReplica(as: newcomer.id, key: newcomer.key, knowing: .genesis, to: 0, of: group)
        let former = try DialledReplica(as: removed.id, key: removed.key, knowing: .genesis, to: 0, of: group)
        #expect(try await eventually { learner.certificates == chain && former.certificates == chain })
        let stranger = try DialledReplica(as: ReplicaID(9), key: SigningKey(), knowing: .genesis, to: 0, of: group)
        #expect(
            try await eventually {
                stranger.states.contains {
                    if case .refused(.notThatReplica, let text, _) = $0 {
                        text == "replica 9 is in no view up to 4; it has to be added first"
                    } else {
                        false
                    }
                }
            })
        // Nothing that the former member says costs more than reading it.
        former.send([.stop(Stop(view: .genesis, regency: Regency(2), reason: .joined))])
        #expect(try await eventually { group.log.contains("the last one because it is in the group no longer") })
        for peer in [learner, former, stranger] { await peer.close() }
        await engine.stop()
        try await group.stopAll()
    }

    /// The old one may be in others' hands.
    @Test func aConnectionWithAKeyThatIsReplacedEnds() async throws {
        let group = try await TestGroup()
        let old = group.genesis.members[2]
        let key = SigningKey()
        let member = Member(id: old.id, key: key.publicKey, host: old.host, port: old.port, isHeavy: old.isHeavy)
        let chain = group.chain(try group.views([.update(member)]))
        let engine = try await engine([], in: group)
        let peer = try DialledReplica(as: old.id, key: group.keys[2], knowing: .genesis, to: 0, of: group)
        #expect(try await eventually { peer.states.contains(.connected(view: .genesis)) })
        let other = try DialledReplica(as: ReplicaID(3), key: group.keys[3], knowing: .genesis, to: 0, of: group)
        #expect(try await eventually { other.states.contains(.connected(view: .genesis)) })
        other.send([.views(ViewChainPart(certificates: chain))])
        #expect(
            try await eventually {
                peer.states.contains {
                    if case .refused(_, let text, _) = $0 {
                        text == "view 2 has replaced this key of replica 2 by another one"
                    } else {
                        false
                    }
                }
            })
        let again = try DialledReplica(as: old.id, key: key, knowing: .genesis, to: 0, of: group)
        #expect(try await eventually { again.certificates == chain })
        #expect(!other.states.contains { if case .failed = $0 { true } else { false } })
        for peer in [peer, other, again] { await peer.close() }
        await engine.stop()
        try await group.stopAll()
    }

    /// Nobody else may be left to tell of it.
    @Test func whoeverHasAnotherKeyMayProveTheViewThatGaveItToItAndNothingElse() async throws {
        let group = try await TestGroup()
        let old = group.genesis.members[2]
        let key = SigningKey()
        let member = Member(id: old.id, key: key.publicKey, host: old.host, port: old.port, isHeavy: old.isHeavy)
        let chain = group.chain(try group.views([.update(member)]))
        let engine = try await engine([], in: group)
        let liar = try DialledReplica(as: old.id, key: SigningKey(), knowing: .init(.max), to: 0, of: group)
        let rekeyed = try DialledReplica(as: old.id, key: key, knowing: ViewNumber(2), to: 0, of: group)
        for peer in [liar, rekeyed] {
            #expect(try await eventually { peer.states.contains(.connected(view: .genesis)) })
            peer.send([.stop(Stop(view: .genesis, regency: Regency(2), reason: .joined))])
        }
        #expect(try await eventually { group.log.contains("the last one because no view that is known lists it") })
        rekeyed.send([.views(ViewChainPart(certificates: chain))])
        let thief = try DialledReplica(as: old.id, key: group.keys[2], knowing: .genesis, to: 0, of: group)
        #expect(
            try await eventually {
                thief.states.contains {
                    if case .refused(_, let text, _) = $0 {
                        text == "view 2 has replaced this key of replica 2 by another one"
                    } else {
                        false
                    }
                }
            })
        // It is heard from now on; what is known already lets nobody in.
        #expect(!rekeyed.states.contains { if case .failed = $0 { true } else { false } })
        liar.send([.views(ViewChainPart(certificates: chain))])
        #expect(
            try await eventually {
                liar.states.contains {
                    switch $0 {
                    case .failed, .refused: true
                    default: false
                    }
                }
            })
        for peer in [liar, rekeyed, thief] { await peer.close() }
        await engine.stop()
        try await group.stopAll()
    }

    @Test func statusTellsOfTheOthersAndWhoIsUnreachable() async throws {
        let group = try await TestGroup()
        try group.start(0..<3)
        let client = try RawClient(group: group)
        _ = try await client.put("a=1", in: try await client.open())
        let status = try await client.waitForStatus(of: ReplicaID(0)) { status in
            status.peers.filter { $0.unreachableSeconds == nil }.count == 2
                && status.peers.last?.unreachableSeconds ?? 0 >= 1
        }
        #expect(status.peers.map(\.replica) == [ReplicaID(1), ReplicaID(2), ReplicaID(3)])
        #expect(status.peers.allSatisfy { !$0.isLearner })
        await client.close()
        try await group.stopAll()
    }
}

extension PeerMessage {
    fileprivate var certificateCount: Int { if case .views(let part) = self { part.certificates.count } else { 0 } }
}
