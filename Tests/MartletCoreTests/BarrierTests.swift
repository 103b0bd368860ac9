// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// What may end the view takes an instance alone (protocol §5): neither does it wait for ever, nor do others wait for it.
@Suite("What may end the view, among all else that waits")
struct BarrierTests {
    private let start = Instant(1_000_000_000)
    private let session = SessionID(instance: Instance(1), place: 0)
    private let view: View
    private let next: View

    init() throws {
        view = try Samples.view()
        let plan = view.plan
        let other = ViewPlan(heavy: plan.heavy, leaderOrder: plan.leaderOrder.reversed(), settings: plan.settings)
        next = try view.successor(Reconfiguration(after: view, .arrange(other), shares: [Samples.administrator]))
    }

    private func pool() -> RequestPool {
        var pool = RequestPool(configuration: CoreConfiguration(view: view, replica: view.members[3].id))
        pool.decided = Instance(1)
        return pool
    }

    private func change(
        _ client: UInt64, _ sequence: UInt64 = 1, number: UInt64 = 1, opened: UInt64 = 1,
        isSigned: Bool = false
    ) -> AdmittedRequest {
        let session = SessionID(instance: Instance(opened), place: 0)
        let plain = Samples.admitted(
            Request(
                id: RequestID(client: Samples.client(client), session: session, sequence: SequenceNumber(sequence)),
                kind: .reconfiguration(
                    Reconfiguration(
                        view: .genesis, number: OperationNumber(number), operation: .arrange(next.plan),
                        shares: [Samples.administrator])),
                repliesKeptFrom: SequenceNumber(0), payload: []))
        guard isSigned else { return plain }
        return Samples.admitted(plain.request, proof: RequestProof(digests: [plain.digest], signature: .absent))
    }

    private func operation(_ client: UInt64, _ sequence: UInt64 = 1) -> AdmittedRequest {
        Samples.operation(Samples.client(client), session, sequence)
    }

    // MARK: Whose turn it is

    @Test("Probes do not keep it from being proposed, nor it them")
    func probes() throws {
        let group = try Group(window: 1)
        let admin = Change(group, by: Samples.client(9))
        let alice = group.openSession(Samples.client(1))
        let sent = group.record(0)
        var held: [Group.Parcel] = []
        group.passes = { parcel in
            guard case .accept = parcel.message else { return true }
            held.append(parcel)
            return false
        }
        group.submit(Samples.operation(Samples.client(1), alice, 1))
        group.settle()
        // It changes nothing, so that the view goes on.
        let change = admin.request(heavy: [0, 1], order: [0, 1, 2, 3])
        group.submit(change)
        for member in 1...3 { group.inject(.probe(Probe(sequence: SequenceNumber(1))), from: member, to: 0) }
        group.settle()
        group.passes = { _ in true }
        for parcel in held { group.inject(parcel.message, from: parcel.from, to: parcel.to) }
        group.settle()
        var proposed: [[RequestID]] = []
        for case .propose(let proposal) in sent.messages {
            let ids = proposal.batch.entries.map(\.id)
            if proposed.last != ids { proposed.append(ids) }
        }
        #expect(proposed.count == 3)
        #expect(proposed.dropFirst().first == [change.id])
        #expect(proposed.last?.count == 3 && proposed.last?.allSatisfy { $0.session == .ofProbes } == true)
        for place in 0..<4 { #expect(group.status(place).decided == Instance(5)) }
    }

    @Test("Between two of them the others have a batch", arguments: [false, true])
    func turns(isStrict: Bool) {
        var pool = pool()
        for client in 1...4 as ClosedRange<UInt64> {
            #expect(pool.add(change(client, isSigned: true), at: start) == .added)
        }
        #expect(pool.hasProposable(isStrict: isStrict))
        let proof = { (plain: AdmittedRequest) in
            Samples.admitted(plain.request, proof: RequestProof(digests: [plain.digest], signature: .absent))
        }
        for sequence in 1...2 as ClosedRange<UInt64> {
            #expect(pool.add(proof(operation(8, sequence)), at: start) == .added)
        }
        func batch(_ instance: UInt64, hasProbes: Bool = false) -> [UInt64] {
            pool.takeBatch(for: Instance(instance), isStrict: isStrict, hasProbes: hasProbes)
                .map { $0.id.client.key.words.word0 - 1_000 }
        }
        #expect(batch(2) == [1])
        #expect(batch(3) == [8, 8])
        #expect(batch(4) == [2])
        #expect(batch(5, hasProbes: true).isEmpty, "the probes travel alone")
        #expect(batch(6) == [3])
        #expect(batch(7) == [4], "nobody else waits")
        #expect(!pool.hasProposable(isStrict: isStrict))
    }

    @Test("In strict mode only what is signed is proposed, and what comes before it does not hide it")
    func strict() {
        var pool = pool()
        #expect(pool.add(change(1), at: start) == .added)
        #expect(!pool.hasProposable(isStrict: true) && pool.hasProposable(isStrict: false))
        #expect(pool.takeBatch(for: Instance(2), isStrict: true).isEmpty)
        let signed = change(2, isSigned: true)
        #expect(pool.add(signed, at: start) == .added)
        #expect(pool.takeBatch(for: Instance(2), isStrict: true).map(\.id) == [signed.id])
    }

    @Test("A new regency proposes it again")
    func takenBack() {
        var pool = pool()
        _ = pool.add(change(1), at: start)
        #expect(pool.takeBatch(for: Instance(2), isStrict: false).count == 1)
        #expect(pool.takeBatch(for: Instance(3), isStrict: false).isEmpty)
        pool.takeBack()
        #expect(pool.takeBatch(for: Instance(2), isStrict: false).map(\.id) == [change(1).id])
        #expect(pool.remove(change(1).id) == start)
        #expect(pool.count == 0 && pool.waitingCount == 0)
    }

    // MARK: One of a client

    @Test("A client's many operations on the group do not take one instance after the other: one waits at a time")
    func oneOfAClient() {
        var pool = pool()
        #expect(pool.add(change(1, 1), at: start) == .added)
        #expect(pool.add(change(1, 1), at: start) == .known)
        for sequence in 2...128 as ClosedRange<UInt64> { #expect(pool.add(change(1, sequence), at: start) == .full) }
        #expect(pool.add(change(2, 1), at: start) == .added)
        #expect(pool.add(operation(1, 129), at: start) == .added)
        #expect(pool.takeBatch(for: Instance(2), isStrict: false).map(\.id) == [change(1).id])
        #expect(pool.add(change(1, 2), at: start) == .full, "it is under way")
        pool.remove(change(1).id)
        #expect(pool.add(change(1, 2), at: start) == .added)
    }

    @Test("What its client has not signed, or signed for a session to come, makes room for what it has")
    func signedFirst() {
        for first in [change(1, 1), change(1, 1, opened: 7, isSigned: true)] {
            var pool = pool()
            #expect(pool.add(first, at: start) == .added)
            #expect(pool.add(change(1, 2, opened: 7, isSigned: true), at: start) == .full)
            #expect(pool.add(change(1, 3, isSigned: true), at: start) == .added)
            #expect(pool.count == 1)
            #expect(pool.add(change(1, 4, isSigned: true), at: start) == .full)
            #expect(pool.takeBatch(for: Instance(2), isStrict: true).map(\.id) == [change(1, 3).id])
        }
        var pool = pool()
        #expect(pool.add(change(1, 1), at: start) == .added)
        #expect(pool.takeBatch(for: Instance(2), isStrict: false).count == 1)
        #expect(pool.add(change(1, 2, isSigned: true), at: start) == .full, "what is under way stays")
        #expect(pool.count == 1)
    }

    // MARK: Other views

    @Test("An operation whose number is used up goes when the next view begins, and comes no more")
    func outdated() {
        var pool = pool()
        let (ours, heard) = (change(1), change(2, isSigned: true))
        let later = change(3, number: 2)
        #expect(pool.add(ours, at: start) == .added)
        let forward = AdmittedForward(admitted: heard, isVouched: true)
        let isNews = pool.hear(forward, from: ReplicaIndex(1), at: start)
        #expect(isNews)
        #expect(pool.add(later, at: start) == .added)
        #expect(pool.begin(next) == [ours.request], "the other's client has not told this replica")
        #expect(pool.count == 1)
        for request in [ours, heard] { #expect(pool.add(request, at: start) == .outdated) }
        let isNewsAgain = pool.hear(forward, from: ReplicaIndex(1), at: start)
        #expect(!isNewsAgain)
        #expect(pool.count == 1)
        #expect(pool.takeBatch(for: Instance(2), isStrict: false).map(\.id) == [later.id])
        // Should a batch list it all the same, it is known to be its client's.
        guard case .authentic = pool.find(Samples.entry(heard)) else {
            Issue.record("nobody could vote for it")
            return
        }
    }
}

@Suite("What stands in for a void request") struct StandInTests {
    private func known(_ session: SessionID) -> KnownBatch {
        let id = RequestID(client: Samples.client(1), session: session, sequence: SequenceNumber(1))
        let batch = Batch(
            instance: Instance(1), born: Epoch(view: .genesis, regency: .first), time: Timestamp(1),
            entries: [BatchEntry(id: id, digest: Digest(words: Words32(1, 2, 3, 4)))])
        var known = KnownBatch(batch: batch, digest: Samples.digest(of: batch))
        known.standIn(at: 0)
        return known
    }

    @Test func isABarrierWhereItMayHaveBeenMeantToEndTheView() { #expect(known(.ofReplicas).mayEndView) }

    @Test func isNoneForAProbe() { #expect(!known(.ofProbes).mayEndView) }
}
