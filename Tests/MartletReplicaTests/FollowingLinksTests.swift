// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletTransport
import MartletTypes
import MartletWire
import Testing

@testable import MartletReplica

/// Connections, as members change.
@Suite(.serialized, .timeLimit(.minutes(2))) struct FollowingLinksTests {
    private struct Side {
        let loops = EventLoops(threadCount: 1)
        let log: ConnectivityLog
        let links: PeerLinks
        let inbound: InboundPeers
        let jobs = Mailbox<VerificationJob>(bytesMax: 1 << 20, taker: .thread)

        init(_ place: Int, of group: TestGroup) throws {
            log = ConnectivityLog(logger: group.log.logger("\(place)"))
            let views = KnownViews(try group.view)
            links = PeerLinks(
                me: ReplicaID(UInt16(place)), views: views, versions: .supported,
                identity: try TLSIdentity(seed: group.keys[place].seed),
                loops: loops, configuration: TransportConfiguration(),
                intake: ChainIntake(jobs: jobs, drops: DropLog(logger: group.log.logger("\(place)"))), log: log,
                logger: group.log.logger("\(place)"))
            inbound = InboundPeers(views: views)
        }

        func egress(_ group: TestGroup) throws -> Egress {
            let sealer = Sealer(
                group: try group.view.group, replica: links.me, key: group.keys[Int(links.me.rawValue)],
                scheme: Ed25519Scheme())
            return Egress(sealer: sealer, links: links, inbound: inbound)
        }

        func isConnected(to id: UInt16) -> Bool {
            if case .connected = links.state(of: ReplicaID(id)) { true } else { false }
        }

        func close() async {
            await links.close()
            await loops.shutDown()
        }
    }

    private func moved(_ member: Member, key: PublicKey? = nil, port: Int? = nil, isHeavy: Bool? = nil) -> Member {
        Member(
            id: member.id, key: key ?? member.key, host: member.host, port: port ?? member.port,
            isHeavy: isHeavy ?? member.isHeavy)
    }

    @Test func linksAreMadeAndClosedAsTheAudienceSays() async throws {
        let group = try await TestGroup()
        var members: [ScriptedMember] = []
        for place in 1..<4 { members.append(try await ScriptedMember(place, of: group)) }
        let side = try Side(0, of: group)
        let all = group.genesis.members
        side.links.follow(Array(all[0...2]))
        #expect(side.links.replicas == [ReplicaID(1), ReplicaID(2)])
        #expect(try await eventually { side.isConnected(to: 1) && side.isConnected(to: 2) })
        #expect(group.log.contains("connected to replica 1: ") && group.log.contains("2 of 2 peers"))
        // One goes, one comes, one stays; weights do not matter.
        side.links.follow([all[0], moved(all[2], isHeavy: !all[2].isHeavy), all[3]])
        #expect(side.links.replicas == [ReplicaID(2), ReplicaID(3)])
        #expect(try await eventually { side.isConnected(to: 3) && side.links.leavingCount == 0 })
        #expect(members.map(\.connections.count) == [1, 1, 1])
        #expect(group.log.contains("connected to replica 3: 2 of 2 peers"))
        #expect(side.log.unreachable.isEmpty)
        // What is sent to one that has no link goes nowhere.
        let stop = PeerMessage.stop(Stop(view: .genesis, regency: Regency(2), reason: .joined))
        side.links.send([stop.encoded()], to: ReplicaID(1))
        side.links.send([stop.encoded()], to: ReplicaID(9))
        side.links.send([stop.encoded()], to: ReplicaID(3))
        #expect(try await eventually { members[2].messages == [stop] })
        #expect(members[0].messages.isEmpty)
        await side.close()
        #expect(side.links.replicas.isEmpty)
        side.links.follow(all)
        #expect(side.links.replicas.isEmpty)
        for member in members { await member.close() }
        try await group.stopAll()
    }

    @Test func whoeverHasAnotherAddressOrKeyGetsAnotherLink() async throws {
        let group = try await TestGroup()
        let all = group.genesis.members
        let first = try await ScriptedMember(1, of: group)
        let other = try await group.newcomer(7)
        let second = try await ScriptedMember(key: group.keys[1], port: other.member.port)
        let side = try Side(0, of: group)
        var egress = try side.egress(group)
        egress.follow(Array(all[0...1]))
        let stops = (2...4).map { PeerMessage.stop(Stop(view: .genesis, regency: Regency($0), reason: .joined)) }
        var loopback: [Event] = []
        egress.take([Send(stops[0], to: .others)], loopback: &loopback)
        // What waited for the old link goes by it.
        egress.follow([all[0], moved(all[1], port: other.member.port)])
        egress.take([Send(stops[1], to: .replica(ReplicaID(1))), Send(stops[2], to: .everyone)], loopback: &loopback)
        egress.flush()
        #expect(try await eventually { second.messages == [stops[1], stops[2]] && side.isConnected(to: 1) })
        #expect(loopback.count == 1)
        #expect(first.messages == [stops[0]] || first.messages.isEmpty)
        #expect(try await eventually { side.links.leavingCount == 0 })
        // Another key at the same address: it is not the one that listens there.
        side.links.follow([all[0], moved(all[1], key: other.member.key, port: other.member.port)])
        #expect(
            try await eventually {
                if case .failed(let reason, _) = side.links.state(of: ReplicaID(1)) {
                    reason.contains("but \(other.member.key) is expected")
                } else {
                    false
                }
            })
        #expect(side.log.unreachable.keys.sorted() == [ReplicaID(1)])
        await side.close()
        await first.close()
        await second.close()
        try await group.stopAll()
    }

    @Test func everyoneMeansTheAudienceLearnersToo() async throws {
        let group = try await TestGroup()
        let newcomer = try await group.newcomer(7)
        let learner = try await ScriptedMember(key: newcomer.key, port: newcomer.member.port)
        let member = try await ScriptedMember(2, of: group)
        let side = try Side(0, of: group)
        var egress = try side.egress(group)
        var loopback: [Event] = []
        let stop = PeerMessage.stop(Stop(view: .genesis, regency: Regency(2), reason: .joined))
        // Nobody is there yet.
        egress.take([Send(stop, to: .everyone), Send(stop, to: .replica(ReplicaID(2)))], loopback: &loopback)
        egress.follow([group.genesis.members[0], group.genesis.members[2], newcomer.member])
        egress.take(
            [Send(stop, to: .others), Send(stop, to: .replica(newcomer.id)), Send(stop, to: .replica(ReplicaID(0)))],
            loopback: &loopback)
        egress.flush()
        #expect(try await eventually { learner.messages == [stop, stop] && member.messages == [stop] })
        #expect(loopback.count == 2)
        await side.close()
        await learner.close()
        await member.close()
        try await group.stopAll()
    }

    @Test func whatComesBackOnALinkIsVerifiedIfItIsAChainAndDroppedOtherwise() async throws {
        let group = try await TestGroup()
        let chain = group.chain(try group.views(count: 3))
        let views = PeerMessage.views(ViewChainPart(certificates: chain))
        let stop = PeerMessage.stop(Stop(view: .genesis, regency: Regency(2), reason: .joined))
        let member = try await ScriptedMember(
            1, of: group, onOpen: { $0.send([[9, 9, 9], stop.encoded(), views.encoded()]) })
        let side = try Side(0, of: group)
        side.links.follow(group.genesis.members)
        var jobs: [VerificationJob] = []
        #expect(side.jobs.wait(into: &jobs))
        guard jobs.count == 1, case .verify(views, from: ReplicaID(1), holding: group.keys[1].publicKey) = jobs[0]
        else {
            Issue.record("other jobs: \(jobs)")
            return
        }
        #expect(group.log.contains("dropped 1 messages from replica 1"))
        await side.close()
        await member.close()
        try await group.stopAll()
    }

    /// A member that sends chains faster than they are verified is read no faster.
    @Test func whatWaitsToBeVerifiedIsBounded() async throws {
        let group = try await TestGroup()
        let frame = PeerMessage.views(ViewChainPart(certificates: group.chain(try group.views(count: 60)))).encoded()
        let member = try await ScriptedMember(
            1, of: group, onOpen: { connection in for _ in 0..<2_000 { connection.send([frame]) } })
        let side = try Side(0, of: group)
        side.links.follow(group.genesis.members)
        #expect(try await eventually { !member.connections.isEmpty })
        try await Task.sleep(for: .milliseconds(500))
        var jobs: [VerificationJob] = []
        #expect(side.jobs.wait(into: &jobs))
        // The mark, and what had been read by then.
        #expect(jobs.count * frame.count < 8 << 20)
        // When they are taken it is read again.
        let count = jobs.count
        #expect(side.jobs.wait(into: &jobs) && count > 0)
        await side.close()
        await member.close()
        try await group.stopAll()
    }
}
