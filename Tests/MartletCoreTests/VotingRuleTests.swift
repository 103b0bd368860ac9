// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// The rules that every vote keeps (protocol §3, §4), each against a liar who tempts one replica to break it.
@Suite("Voting rules")
struct VotingRuleTests {
    let first = Epoch(view: .genesis, regency: .first)
    let second = Epoch(view: .genesis, regency: Regency(2))
    /// Whom the lies are told.
    let me = 2

    /// A group of which nobody hears anything but what the test tells it.
    private func silent(window: Int = 4) throws -> Group {
        let group = try Group(window: window)
        group.queue.removeAll()
        return group
    }

    /// A batch whose one request the replica has from its client.
    private func batch(_ group: Group, _ instance: UInt64, client: UInt64, born: Epoch, time: Timestamp? = nil) -> Batch
    {
        let request = Samples.open(Samples.client(client))
        group.submit(request, to: [me])
        return Batch(
            instance: Instance(instance), born: born, time: time ?? group.now.wall,
            entries: [BatchEntry(id: request.id, digest: request.digest)])
    }

    private func writes(_ group: Group) -> [WriteVote] {
        group.underWay(from: me).compactMap { if case .write(let vote) = $0 { vote } else { nil } }.uniqued
    }

    private func accepts(_ group: Group) -> [AcceptVote] {
        group.underWay(from: me).compactMap { if case .accept(let vote) = $0 { vote } else { nil } }.uniqued
    }

    private func tellWrites(_ group: Group, _ batch: Batch, _ epoch: Epoch) {
        let vote = WriteVote(epoch: epoch, instance: batch.instance, digest: Samples.digest(of: batch))
        for place in [0, 1, 3] { group.inject(.write(vote), from: place, to: me) }
    }

    private func enterSecond(_ group: Group) {
        let stop = Stop(view: .genesis, regency: Regency(2), reason: .requestTimeout)
        for place in [0, 1, 3] { group.inject(.stop(stop), from: place, to: me) }
        #expect(group.status(me).epoch == second)
    }

    /// Binds the batch in its instance; settles nothing without one.
    private func tellSync(_ group: Group, binding batch: Batch?) {
        let claims = batch.map { batch in
            let lock = RegencyDigest(regency: .first, digest: Samples.digest(of: batch))
            return [InstanceClaim(instance: batch.instance, lock: lock, writeSet: [lock])]
        }
        let collected = [0, 1, 3].map { place in
            StopData(epoch: second, sender: ReplicaID(UInt16(place)), base: nil, checkpoint: nil, claims: claims ?? [])
        }
        group.inject(.sync(Sync(epoch: second, collected: collected)), from: 1, to: me)
        #expect(group.status(me).isSynced)
    }

    @Test("Each member's first vote counts, and no other")
    func firstVoteCounts() {
        let red = Digest(words: Words32(1, 1, 1, 1))
        let blue = Digest(words: Words32(2, 2, 2, 2))
        let rule = QuorumRule(faultModel: .byzantine, n: 4, f: 1)
        var tally = VoteTally()
        #expect(tally.add(ReplicaIndex(0), for: red, weight: Weight(1)) == .counted)
        for _ in 1...3 { #expect(tally.add(ReplicaIndex(0), for: red, weight: Weight(1)) == .repeated) }
        #expect(tally.add(ReplicaIndex(0), for: blue, weight: Weight(1)) == .equivocation)
        #expect(tally.add(ReplicaIndex(1), for: blue, weight: Weight(1)) == .counted)
        #expect(tally.weakDigest(of: rule) == nil)
        #expect(tally.add(ReplicaIndex(2), for: blue, weight: Weight(1)) == .counted)
        #expect(tally.weakDigest(of: rule) == blue)
        #expect(tally.quorumDigest(of: rule) == nil)
    }

    @Test("ACCEPTs of two regencies make no decision together")
    func acceptsOfTwoRegencies() throws {
        let group = try silent()
        let batch = batch(group, 1, client: 1, born: first)
        group.inject(.propose(Propose(epoch: first, batch: batch)), from: 0, to: me)
        for (place, epoch) in [(0, first), (1, second), (3, second)] {
            let vote = AcceptVote(epoch: epoch, instance: Instance(1), digest: Samples.digest(of: batch))
            group.inject(.accept(vote), from: place, to: me)
        }
        #expect(group.status(me).decided == .zero)
    }

    @Test("One WRITE and one ACCEPT an epoch, whatever an equivocating leader proposes")
    func once() throws {
        let group = try silent()
        let one = batch(group, 1, client: 1, born: first)
        let other = batch(group, 1, client: 2, born: first)
        for batch in [one, other, one] { group.inject(.propose(Propose(epoch: first, batch: batch)), from: 0, to: me) }
        let vote = WriteVote(epoch: first, instance: Instance(1), digest: Samples.digest(of: other))
        for place in [0, 1] { group.inject(.write(vote), from: place, to: me) }
        #expect(writes(group).map(\.digest) == [Samples.digest(of: one)])
        tellWrites(group, one, first)
        #expect(accepts(group).count <= 1)
    }

    @Test("No WRITE and no ACCEPT above an instance that has none in this epoch")
    func inOrder() throws {
        let group = try silent()
        let upper = batch(group, 2, client: 1, born: first)
        group.inject(.propose(Propose(epoch: first, batch: upper)), from: 0, to: me)
        tellWrites(group, upper, first)
        #expect(writes(group).isEmpty)
        #expect(accepts(group).isEmpty)
        let lower = batch(group, 1, client: 2, born: first)
        group.inject(.propose(Propose(epoch: first, batch: lower)), from: 0, to: me)
        #expect(writes(group).map(\.instance) == [Instance(1), Instance(2)])
        #expect(accepts(group).isEmpty)
        tellWrites(group, lower, first)
        #expect(accepts(group).map(\.instance) == [Instance(1), Instance(2)])
    }

    @Test("No vote more than a window beyond what is decided", arguments: [1, 2])
    func window(size: Int) throws {
        let group = try silent(window: size)
        for instance in 1...(2 * UInt64(size)) {
            let batch = batch(group, instance, client: instance, born: first)
            group.inject(.propose(Propose(epoch: first, batch: batch)), from: 0, to: me)
            tellWrites(group, batch, first)
        }
        #expect(writes(group).count == size)
        #expect(accepts(group).count == size)
    }

    @Test("No vote more than L beyond the newest stable checkpoint; with one, the group goes on")
    func voteLimit() throws {
        let group = try Group(window: 4, checkpointPeriod: 8)
        let client = Samples.client(1)
        let session = group.openSession(client)
        group.passes = { if case .checkpoint = $0.message { false } else { true } }
        for sequence in 1...40 {
            group.submit(Samples.operation(client, session, UInt64(sequence)))
            group.settle()
        }
        for place in 0...3 { #expect(group.status(place).decided == Instance(2 * 8 + 4)) }
        group.passes = { _ in true }
        group.pass(milliseconds: 5_000)
        for place in 0...3 { #expect(group.executed(place).count == 40) }
    }

    @Test("No vote for a fresh batch whose time is far off, or that was born in another epoch")
    func freshness() throws {
        for shift in [-61_000_000, 61_000_000] as [Int64] {
            let group = try silent()
            let time = Timestamp(UInt64(Int64(group.now.wall.rawValue) + shift))
            let late = batch(group, 1, client: 1, born: first, time: time)
            group.inject(.propose(Propose(epoch: first, batch: late)), from: 0, to: me)
            #expect(writes(group).isEmpty)
        }
        let group = try silent()
        let old = batch(group, 1, client: 1, born: first)
        enterSecond(group)
        tellSync(group, binding: nil)
        group.inject(.propose(Propose(epoch: second, batch: old)), from: 1, to: me)
        tellWrites(group, old, second)
        #expect(writes(group).isEmpty)
        #expect(accepts(group).isEmpty)
    }

    @Test("No vote of a new regency before its SYNC")
    func beforeSync() throws {
        let group = try silent()
        let batch = batch(group, 1, client: 1, born: second)
        enterSecond(group)
        group.inject(.propose(Propose(epoch: second, batch: batch)), from: 1, to: me)
        tellWrites(group, batch, second)
        group.inject(
            .batchBody(BatchBody(batch: batch, bodies: [Samples.open(Samples.client(1)).request])), from: 1, to: me)
        #expect(writes(group).isEmpty)
        #expect(accepts(group).isEmpty)
        tellSync(group, binding: nil)
        group.inject(.propose(Propose(epoch: second, batch: batch)), from: 1, to: me)
        #expect(writes(group).map(\.epoch) == [second])
    }

    @Test("A settled instance gets votes only for SYNC's outcome, and a second SYNC of an epoch changes nothing")
    func settledOutcome() throws {
        let group = try silent()
        let bound = batch(group, 1, client: 1, born: first)
        let other = batch(group, 1, client: 2, born: second)
        enterSecond(group)
        tellSync(group, binding: bound)
        tellSync(group, binding: nil)
        group.inject(.propose(Propose(epoch: second, batch: other)), from: 1, to: me)
        #expect(writes(group).isEmpty)
        tellWrites(group, other, second)
        #expect(accepts(group).isEmpty)
    }

    @Test("A lock never forbids SYNC's outcome")
    func lockForbidsNothing() throws {
        let group = try silent()
        let locked = batch(group, 1, client: 1, born: first)
        let bound = batch(group, 1, client: 2, born: first)
        group.inject(.propose(Propose(epoch: first, batch: locked)), from: 0, to: me)
        tellWrites(group, locked, first)
        #expect(accepts(group).map(\.digest) == [Samples.digest(of: locked)])
        enterSecond(group)
        tellSync(group, binding: bound)
        group.queue.removeAll()
        group.inject(.propose(Propose(epoch: second, batch: bound)), from: 1, to: me)
        #expect(writes(group).map(\.digest) == [Samples.digest(of: bound)])
        tellWrites(group, bound, second)
        #expect(accepts(group).map(\.digest) == [Samples.digest(of: bound)])
    }
}

extension Array where Element: Hashable {
    /// What is sent to several counts once.
    fileprivate var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
