// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletSimulation
import MartletTypes
import Testing

@Suite("Checkers of replicas: each fires on what it is for")
struct ReplicaCheckerTests {
    @Test("Agreement: same batches pass; another request, content, time, order, seed or number of requests does not")
    func agreement() {
        let right = Sample.execution(1, [Sample.request(1), Sample.request(2)])
        let wrong = [
            Sample.execution(1, [Sample.request(1), Sample.request(3)]),
            Sample.execution(1, [Sample.request(1), Sample.request(2, .get(key: 0))]),
            Sample.execution(1, [Sample.request(1), Sample.request(2)], time: 9),
            Sample.execution(1, [Sample.request(2), Sample.request(1)]),
            Sample.execution(1, [Sample.request(1), Sample.request(2)], seed: 4),
            Sample.execution(1, [Sample.request(1)]),
        ]
        for execution in wrong {
            var checker = AgreementChecker()
            #expect(checker.executed(right, by: 0, at: .zero) == nil)
            #expect(checker.executed(right, by: 1, at: .zero) == nil)
            #expect(checker.executed(execution, by: 2, at: .zero)?.rule == .agreement)
            // Also long after.
            _ = checker.executed(Sample.execution(2), by: 0, at: .zero)
            #expect(checker.executed(execution, by: 3, at: .zero)?.rule == .agreement)
        }
    }

    @Test("Agreement: an instance that nobody executed below one that somebody did")
    func gap() {
        var checker = AgreementChecker()
        _ = checker.executed(Sample.execution(1), by: 0, at: .zero)
        #expect(checker.finish(at: .zero) == nil)
        _ = checker.executed(Sample.execution(3), by: 0, at: .zero)
        #expect(checker.finish(at: .zero)?.rule == .agreement)
        #expect(checker.history.count == 1)
    }

    @Test("Total order: an instance left out, twice, or back; time that stands still; a checkpoint may skip")
    func totalOrder() {
        var checker = OrderChecker(replicas: 2)
        #expect(checker.executed(Sample.execution(1), by: 0, at: .zero) == nil)
        #expect(checker.executed(Sample.execution(2), by: 0, at: .zero) == nil)
        #expect(checker.executed(Sample.execution(2, time: 9), by: 0, at: .zero)?.rule == .totalOrder)
        #expect(checker.executed(Sample.execution(4, time: 10), by: 0, at: .zero)?.rule == .totalOrder)
        #expect(checker.executed(Sample.execution(5, time: 10), by: 0, at: .zero)?.rule == .totalOrder)
        #expect(checker.installed(Instance(8), time: Timestamp(20), by: 1, at: .zero) == nil)
        #expect(checker.executed(Sample.execution(9, time: 21), by: 1, at: .zero) == nil)
        #expect(checker.installed(Instance(8), time: Timestamp(20), by: 1, at: .zero)?.rule == .totalOrder)
        checker.restarted(1)
        #expect(checker.executed(Sample.execution(1), by: 1, at: .zero) == nil)
    }

    @Test("Checkpoints: two digests after one instance")
    func checkpoints() {
        var checker = CheckpointChecker()
        #expect(checker.taken(Sample.digest(1), after: Instance(8), by: 0, at: .zero) == nil)
        #expect(checker.taken(Sample.digest(1), after: Instance(8), by: 1, at: .zero) == nil)
        #expect(checker.taken(Sample.digest(2), after: Instance(16), by: 1, at: .zero) == nil)
        #expect(checker.taken(Sample.digest(2), after: Instance(8), by: 2, at: .zero)?.rule == .checkpoints)
    }

    // MARK: - Votes

    private static func write(_ regency: UInt64, _ instance: UInt64, _ digest: UInt64) -> PeerMessage {
        .write(
            WriteVote(
                epoch: Epoch(view: .genesis, regency: Regency(regency)), instance: Instance(instance),
                digest: Sample.digest(digest)))
    }

    private static func accept(_ regency: UInt64, _ instance: UInt64, _ digest: UInt64) -> PeerMessage {
        .accept(
            AcceptVote(
                epoch: Epoch(view: .genesis, regency: Regency(regency)), instance: Instance(instance),
                digest: Sample.digest(digest)))
    }

    private static func stopData(_ regency: UInt64, claims: [InstanceClaim] = []) -> PeerMessage {
        .stopData(
            StopData(
                epoch: Epoch(view: .genesis, regency: Regency(regency)), sender: ReplicaID(0), base: nil,
                checkpoint: nil, claims: claims))
    }

    /// Of three that have nothing to tell; it settles something where they are a quorum and distinct.
    private static func sync(_ regency: UInt64, of senders: [UInt16] = [0, 1, 2]) -> PeerMessage {
        let epoch = Epoch(view: .genesis, regency: Regency(regency))
        let collected = senders.map { sender in
            StopData(epoch: epoch, sender: ReplicaID(sender), base: nil, checkpoint: nil, claims: [])
        }
        return .sync(Sync(epoch: epoch, collected: collected))
    }

    private static func progress(_ regency: UInt64) -> PeerMessage {
        .progress(
            Progress(
                epoch: Epoch(view: .genesis, regency: Regency(regency)), isSynced: false, mode: .voter, decided: .zero,
                stableCheckpoint: .zero, asksForHelp: false))
    }

    /// Of one replica, which has the SYNCs of all regencies up to `synced`.
    private static func verdict(
        _ messages: [PeerMessage], decided: UInt64 = 0, synced: UInt64 = 9
    ) throws -> Violation.Rule? {
        let views = ViewChecker(genesis: try QuorumCheckerTests.view(), liars: [])
        var checker = VoteChecker(replicas: 1)
        checker.received(sync(synced), by: 0, views)
        var last: Violation?
        for message in messages {
            last = checker.sent(message, by: 0, decided: Instance(decided), views, at: .zero) ?? last
        }
        return last?.rule
    }

    @Test("Votes: once a regency and instance; repeating the same is no second vote")
    func once() throws {
        #expect(try Self.verdict([Self.write(1, 1, 5), Self.write(1, 1, 5), Self.accept(1, 1, 5)]) == nil)
        #expect(try Self.verdict([Self.write(1, 1, 5), Self.write(2, 1, 6)]) == nil)
        #expect(try Self.verdict([Self.write(1, 1, 5), Self.write(1, 1, 6)]) == .votes)
        #expect(try Self.verdict([Self.accept(1, 1, 5), Self.accept(1, 1, 6)]) == .votes)
    }

    @Test("Votes: in order, unless the instance before is decided")
    func inOrder() throws {
        #expect(try Self.verdict([Self.write(1, 1, 5), Self.write(1, 2, 6)]) == nil)
        #expect(try Self.verdict([Self.write(1, 2, 6)]) == .votes)
        #expect(try Self.verdict([Self.write(1, 2, 6)], decided: 1) == nil)
        #expect(try Self.verdict([Self.write(1, 1, 5), Self.write(1, 2, 6), Self.accept(1, 2, 6)]) == .votes)
        #expect(try Self.verdict([Self.write(1, 1, 5), Self.write(2, 2, 6)]) == .votes)
    }

    @Test("Votes: none of an older regency after STOPDATA, and one STOPDATA a regency")
    func promise() throws {
        #expect(try Self.verdict([Self.write(1, 1, 5), Self.stopData(2), Self.write(2, 1, 5)]) == nil)
        #expect(try Self.verdict([Self.stopData(2), Self.write(1, 1, 5)]) == .votes)
        #expect(try Self.verdict([Self.stopData(2), Self.accept(1, 1, 5)]) == .votes)
        #expect(try Self.verdict([Self.stopData(2), Self.stopData(2), Self.stopData(3)]) == nil)
        let claim = InstanceClaim(instance: Instance(1), lock: nil, writeSet: [])
        #expect(try Self.verdict([Self.stopData(2), Self.stopData(2, claims: [claim])]) == .votes)
    }
    @Test("Votes: none of an older regency than the one that it says it stands in")
    func entered() throws {
        #expect(try Self.verdict([Self.progress(1), Self.write(1, 1, 5)]) == nil)
        #expect(try Self.verdict([Self.progress(2), Self.write(1, 1, 5)]) == .votes)
    }

    @Test("Votes: none of a new regency before its SYNC, whether it came or was made")
    func synced() throws {
        #expect(try Self.verdict([Self.stopData(2), Self.write(2, 1, 5)], synced: 1) == .votes)
        #expect(try Self.verdict([Self.accept(3, 1, 5)], synced: 2) == .votes)
        #expect(try Self.verdict([Self.accept(2, 1, 5)], synced: 2) == nil)
        #expect(try Self.verdict([Self.sync(3), Self.write(3, 1, 5)], synced: 1) == nil)
        // One that settles nothing is none.
        for senders in [[0, 1], [0, 1, 1], [0, 1, 9]] as [[UInt16]] {
            #expect(try Self.verdict([Self.sync(3, of: senders), Self.write(3, 1, 5)], synced: 1) == .votes)
        }
    }

    @Test(
        "Votes: in a view those of the incarnation that it admits only; none, and no STOPDATA, of others before or after it"
    )
    func incarnations() throws {
        let first = try QuorumCheckerTests.view()
        let second = try #require(
            first.admitting(Rejoin(view: first.number, incarnation: 7), of: first.members[0].id, at: Timestamp(1)))
        var views = ViewChecker(genesis: first, liars: [0, 1, 2, 3])
        let shares = first.members.map { SignatureShare(replica: $0.id, signature: .absent) }
        let proof = ViewCertificate(view: first.number, last: Instance(5), next: second, shares: shares)
        #expect(views.proved(proof, by: 1, at: .zero) == nil)
        let later = PeerMessage.write(
            WriteVote(
                epoch: Epoch(view: second.number, regency: .first), instance: Instance(6), digest: Sample.digest(5)))
        for (incarnation, mayVoteBefore, mayVoteAfter) in [(0, true, false), (7, false, true), (8, false, false)]
            as [(UInt64, Bool, Bool)]
        {
            var checker = VoteChecker(replicas: 2)
            checker.restarted(0, as: incarnation)
            let before = checker.sent(Self.write(1, 1, 5), by: 0, decided: .zero, views, at: .zero)
            let after = checker.sent(later, by: 0, decided: Instance(5), views, at: .zero)
            #expect((before == nil) == mayVoteBefore && (after == nil) == mayVoteAfter)
        }
    }

    @Test("Votes: none after a restart that lost earlier ones, and no STOPDATA; a first start in the middle may vote")
    func forgetful() throws {
        let views = ViewChecker(genesis: try QuorumCheckerTests.view(), liars: [])
        for last in [Self.write(1, 2, 5), Self.accept(1, 1, 5), Self.stopData(2)] {
            var checker = VoteChecker(replicas: 2)
            #expect(checker.sent(Self.write(1, 1, 5), by: 0, decided: .zero, views, at: .zero) == nil)
            checker.restarted(0, as: 7)
            checker.restarted(1, as: 0)
            #expect(checker.sent(last, by: 0, decided: Instance(5), views, at: .zero)?.rule == .votes)
            #expect(checker.sent(last, by: 1, decided: Instance(5), views, at: .zero) == nil)
        }
    }

    @Test("Blame: a correct leader's regency is ended at once by nobody, a liar's may be; timeouts blame nobody")
    func blame() throws {
        let checker = BlameChecker(liars: [1])
        let views = ViewChecker(genesis: try QuorumCheckerTests.view(), liars: [1])
        func verdict(_ regency: UInt64, _ reason: StopReason) -> Violation.Rule? {
            let stop = Stop(view: .genesis, regency: Regency(regency), reason: reason)
            return checker.sent(.stop(stop), by: 3, views, at: .zero)?.rule
        }
        for reason in [StopReason.equivocation, .forbiddenProposal] {
            #expect(verdict(2, reason) == .blame)
            #expect(verdict(3, reason) == nil)
            #expect(verdict(7, reason) == .blame)
            #expect(verdict(8, reason) == nil)
        }
        #expect(verdict(2, .requestTimeout) == nil && verdict(2, .joined) == nil)
    }
}
