// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// How leases end, and how much they hold.
extension LeaseTests {
    @Test("Nothing is kept that nobody asked for, and what was is forgotten a while after the last question")
    func ends() throws {
        let (group, session) = try lagging()
        #expect(group.nodes[1].core.held(.archivedBytes) == 0)
        let name = group.stable(1)
        group.isolateLast()
        group.inject(.fetchManifest(name), from: 3, to: 1)
        order(8, in: group, session, from: before + 1)
        #expect(group.nodes[1].core.held(.archivedBytes) > 0)
        #expect(group.nodes[1].forgotten.except == [name.instance])
        #expect(group.nodes[0].core.held(.archivedBytes) == 0 && group.nodes[0].forgotten.except.isEmpty)
        group.pass(milliseconds: group.timeouts.lease.nanoseconds / 2_000_000)
        group.inject(.fetchChunks(FetchChunks(checkpoint: name, positions: [])), from: 3, to: 1)
        group.pass(milliseconds: group.timeouts.lease.nanoseconds / 2_000_000 + 20)
        #expect(group.nodes[1].core.held(.archivedBytes) > 0)
        group.pass(milliseconds: group.timeouts.lease.nanoseconds / 2_000_000)
        #expect(group.nodes[1].core.held(.archivedBytes) == 0)
        #expect(group.nodes[1].forgotten.except.isEmpty)
        // It is gone for good.
        order(8, in: group, session, from: before + 9)
        group.inject(.fetchManifest(name), from: 3, to: 1)
        order(8, in: group, session, from: before + 17)
        #expect(!group.nodes[1].forgotten.except.contains(name.instance))
    }

    @Test("However long liars hold what they say they fetch, it is no more than a bound of decisions and f+1 states")
    func bounded() throws {
        let (group, session) = try lagging(n: 7, f: 2, archiveBytesMax: 20_000)
        group.isolateLast()
        var sequence = before + 1
        for round in 0..<60 {
            // Each says that it fetches another one.
            let liar = [0, 2, 3, 4, 5][round % 5]
            group.inject(.fetchManifest(group.stable(1)), from: liar, to: 1)
            order(8, in: group, session, from: sequence)
            sequence += 8
            #expect(group.nodes[1].core.held(.archivedBytes) <= 20_000)
            #expect(group.nodes[1].forgotten.except.count <= 3)
        }
        #expect(group.nodes[1].core.held(.archivedBytes) > 10_000)
    }

    @Test("A member that asks for decisions alone has nothing kept")
    func notByDecisionsAlone() throws {
        let (group, session) = try lagging()
        group.isolateLast()
        group.inject(.fetchDecisions(FetchDecisions(first: group.status(1).decided)), from: 3, to: 1)
        order(8, in: group, session, from: before + 1)
        #expect(group.nodes[1].core.held(.archivedBytes) == 0)
    }

    @Test("A state that nothing leads on from any more is not kept: its source says that it is gone")
    func brokenLease() throws {
        let (group, session) = try lagging(archiveBytesMax: 20_000)
        let name = group.stable(1)
        group.isolateLast()
        group.inject(.fetchManifest(name), from: 3, to: 1)
        order(8, in: group, session, from: before + 1)
        #expect(group.nodes[1].forgotten.except == [name.instance])
        order(80, in: group, session, from: before + 9)
        #expect(group.nodes[1].forgotten.except.isEmpty)
        group.pass(milliseconds: 1_000)
        var sent: [PeerMessage] = []
        group.onSend = { if $0 == 1 { sent.append($1) } }
        group.inject(.fetchManifest(name), from: 3, to: 1)
        #expect(sent.contains { if case .checkpointOffer = $0 { true } else { false } })
    }

    @Test("Whoever has the state and cannot take decisions for a while is not told that it is gone")
    func renewed() throws {
        let (group, session) = try lagging()
        let name = group.stable(1)
        group.isolateLast()
        group.inject(.fetchManifest(name), from: 3, to: 1)
        group.inject(.fetchDecisions(FetchDecisions(first: name.instance.next)), from: 3, to: 1)
        order(16, in: group, session, from: before + 1)
        var sent: [PeerMessage] = []
        group.onSend = { if $0 == 1 { sent.append($1) } }
        for _ in 0..<12 {
            group.pass(milliseconds: 2_500)
            group.inject(.fetchChunks(FetchChunks(checkpoint: name, positions: [])), from: 3, to: 1)
        }
        #expect(group.nodes[1].core.held(.archivedBytes) > 0)
        #expect(!sent.contains { if case .checkpointOffer = $0 { true } else { false } })
    }

    @Test("A replica whose disk holds it after it has taken over a state goes on from there when the disk lets it")
    func heldByDisk() throws {
        let group = try Group.durable { $0.checkpointPeriod = period }
        group.chunks = (40, 100)
        let session = group.openSession(client)
        group.isolateLast()
        order(before, in: group, session, from: 1)
        group.passes = { if $0.to == 3, case .chunk = $0.message { false } else { true } }
        group.pass(milliseconds: 200)
        order(120, in: group, session, from: before + 1)
        group.holdsSyncs = [3]
        group.passes = { _ in true }
        group.pass(milliseconds: 5_000)
        #expect(group.nodes[3].installed.count == 1)
        #expect(group.status(3).decided < group.status(0).decided)
        // Longer than anybody keeps anything unasked.
        group.pass(milliseconds: 30_000)
        group.holdsSyncs = []
        group.sync(3)
        group.pass(milliseconds: 5_000)
        #expect(group.nodes[3].installed.count == 1)
        #expect(group.status(3).decided == group.status(0).decided)
    }

    @Test("Where as many states are kept as may be, whoever comes next is offered one of them")
    func offersWhatIsKept() throws {
        let (group, session) = try lagging()
        group.isolateLast()
        var names: [CheckpointName] = []
        for (place, first) in [(0, before + 1), (2, before + 9)] as [(Int, UInt64)] {
            names.append(group.stable(1))
            group.inject(.fetchManifest(group.stable(1)), from: place, to: 1)
            order(8, in: group, session, from: first)
        }
        #expect(group.nodes[1].forgotten.except == names.map(\.instance))
        var offers: [Instance] = []
        group.onSend = { place, message in
            if place == 1, case .checkpointOffer(let it) = message { offers.append(it.instance) }
        }
        group.inject(.fetchDecisions(FetchDecisions(first: Instance(1))), from: 3, to: 1)
        #expect(offers == [names[1].instance])
        order(8, in: group, session, from: before + 17)
        #expect(group.nodes[1].forgotten.except == names.map(\.instance))
    }
}
