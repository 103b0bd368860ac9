// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

@Suite("What a core keeps is counted as it is")
struct HoldingsTests {
    private func held(_ group: Group, _ what: CoreHolding) -> Int { group.nodes[2].core.held(what) }

    @Test("Nothing at first; requests, instances, votes and sessions as they come and go")
    func counts() throws {
        let group = try Group()
        group.settle()
        for what in CoreHolding.allCases { #expect(held(group, what) == 0, "\(what)") }

        // Its leader is silent, so what clients send waits.
        group.passes = { $0.from != 0 }
        for client in 1...3 as ClosedRange<UInt64> { group.submit(Samples.open(Samples.client(client)), to: [2]) }
        #expect(held(group, .pendingRequests) == 3)
        #expect(held(group, .pendingOfOneClient) == 1)

        group.passes = { _ in true }
        for client in 1...3 as ClosedRange<UInt64> { group.submit(Samples.open(Samples.client(client))) }
        group.settle()
        #expect(held(group, .pendingRequests) == 0)
        #expect(held(group, .sessions) == 3)
        #expect(held(group, .clients) == 3)
        #expect(held(group, .batchEntries) == 3)
        #expect(held(group, .batchesOfOneInstance) == 1)
        // WRITE, ACCEPT and the signed ACCEPT of each member.
        #expect(held(group, .votesOfOneInstance) == 12)
        #expect(held(group, .writeSetOfOneInstance) == 1)
        #expect(held(group, .instances) >= 1)
    }

    @Test("Requests that only others speak of, with their bytes")
    func rumours() throws {
        let group = try Group()
        group.settle()
        let request = Samples.open(Samples.client(1))
        let entry = BatchEntry(id: request.id, digest: request.digest)
        group.inject(.vouches(Vouches(entries: [entry])), from: 3, to: 2)
        #expect(held(group, .rumours) == 1)
        #expect(held(group, .rumourBytes) == 0)
        #expect(held(group, .pendingRequests) == 0)
    }

    @Test("A new leader that is far behind makes no room for locks far ahead: it first catches up")
    func locksFarAhead() throws {
        let group = try Group()
        group.queue.removeAll()
        let stop = Stop(view: .genesis, regency: Regency(2), reason: .requestTimeout)
        for place in [0, 2, 3] { group.inject(.stop(stop), from: place, to: 1) }
        // W = 4 and K = 16: up to L + 2 W = 44 instances.
        for (instance, kept) in [(44 as UInt64, 44), (45, 44), (1_000_000, 44)] {
            let batch = Batch(
                instance: Instance(instance), born: Epoch(view: .genesis, regency: .first), time: .zero, entries: [])
            let lock = RegencyDigest(regency: .first, digest: Samples.digest(of: batch))
            let claim = InstanceClaim(instance: batch.instance, lock: lock, writeSet: [lock])
            let from = instance == 44 ? 0 : instance == 45 ? 2 : 3
            let data = StopData(
                epoch: Epoch(view: .genesis, regency: Regency(2)), sender: ReplicaID(UInt16(from)), base: nil,
                checkpoint: nil, claims: [claim])
            group.inject(.stopData(data), from: from, to: 1)
            group.inject(.batchBody(BatchBody(batch: batch, bodies: [])), from: from, to: 1)
            #expect(group.nodes[1].core.held(.instances) == kept)
        }
    }

    // MARK: - What proposals lack

    /// A proposal of a request that nobody has sent to the replica under test.
    private func proposeUnknown(_ group: Group, client: UInt64, instance: UInt64 = 1) -> (Batch, Request) {
        let request = Samples.open(Samples.client(client))
        let batch = Batch(
            instance: Instance(instance), born: Epoch(view: .genesis, regency: .first), time: group.now.wall,
            entries: [BatchEntry(id: request.id, digest: request.digest)])
        group.inject(.propose(Propose(epoch: batch.born, batch: batch)), from: 0, to: 2)
        return (batch, request.request)
    }

    @Test("What a proposal lacked is not waited for once its instance is decided without it")
    func decidedWithout() throws {
        let group = try Group()
        group.queue.removeAll()
        let (batch, request) = proposeUnknown(group, client: 1)
        _ = proposeUnknown(group, client: 2, instance: 2)
        #expect(held(group, .wantedRequests) == 2)
        let word = Decided(view: .genesis, instance: batch.instance, digest: Samples.digest(of: batch))
        for place in [0, 1] { group.inject(.decided(word), from: place, to: 2) }
        group.inject(.batchBody(BatchBody(batch: batch, bodies: [request])), from: 1, to: 2)
        #expect(group.status(2).decided == batch.instance)
        group.step(2, .deadline)
        // That of the other proposal still is.
        #expect(held(group, .wantedRequests) == 1)
    }

    @Test("Nor once the regency is over")
    func regencyOver() throws {
        let group = try Group()
        group.queue.removeAll()
        _ = proposeUnknown(group, client: 1)
        #expect(held(group, .wantedRequests) == 1)
        let stop = Stop(view: .genesis, regency: Regency(2), reason: .requestTimeout)
        for place in [0, 1, 3] { group.inject(.stop(stop), from: place, to: 2) }
        #expect(held(group, .wantedRequests) == 0)
    }
}
