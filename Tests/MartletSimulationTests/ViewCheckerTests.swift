// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletSimulation
import MartletTypes
import Testing

/// Five replicas, 4 a liar. Replicas 0 and 1 are heavy in view 1, and 2 and 3 in view 2; a quorum weighs 5 of 7.
@Suite("Views: one chain, each link with a quorum behind it, and nobody speaks beyond its view")
struct ViewCheckerTests {
    private let first: View
    private let second: View

    init() throws {
        first = try QuorumCheckerTests.view()
        second = try Self.view(after: first, heavy: [2, 3])
    }

    private static func view(after view: View, heavy: [UInt16], window: Int? = nil) throws -> View {
        var settings = view.settings
        if let window { settings.window = window }
        return try view.successor(
            ViewPlan(
                heavy: heavy.map { ReplicaID($0) }, leaderOrder: view.plan.leaderOrder, settings: settings))
    }

    private func checker() -> ViewChecker { ViewChecker(genesis: first, liars: [4]) }

    private static func install(_ next: View, last: UInt64 = 10) -> PeerMessage {
        .install(Install(view: ViewNumber(next.number.rawValue - 1), last: Instance(last), next: next))
    }

    private static func proof(_ next: View, last: UInt64 = 10, by signers: [UInt16] = [0, 1, 2]) -> ViewCertificate {
        ViewCertificate(
            view: ViewNumber(next.number.rawValue - 1), last: Instance(last), next: next,
            shares: signers.map { SignatureShare(replica: ReplicaID($0), signature: .absent) })
    }

    private static func say(
        _ checker: inout ViewChecker, _ message: PeerMessage, by replica: Int = 0, decided: UInt64 = 10
    ) -> Violation.Rule? {
        checker.sent(message, by: replica, decided: Instance(decided), at: .zero)?.rule
    }

    /// A checker that has the proof of view 2 after instance 10.
    private func inSecond() -> ViewChecker {
        var checker = checker()
        for replica in 0...2 { #expect(Self.say(&checker, Self.install(second), by: replica) == nil) }
        #expect(checker.proved(Self.proof(second), by: 3, at: .zero) == nil)
        return checker
    }

    // MARK: INSTALL

    @Test("INSTALL before its last instance is decided")
    func early() {
        var checker = checker()
        #expect(Self.say(&checker, Self.install(second), decided: 9) == .views)
        #expect(Self.say(&checker, Self.install(second), by: 1, decided: 10) == nil)
        #expect(Self.say(&checker, Self.install(second), by: 2, decided: 11) == nil)
    }

    @Test("INSTALLs that differ in the view that follows, or in when")
    func differing() throws {
        let other = try Self.view(after: first, heavy: [2, 3], window: 3)
        for message in [Self.install(other), Self.install(second, last: 9)] {
            var checker = checker()
            #expect(Self.say(&checker, Self.install(second)) == nil)
            #expect(Self.say(&checker, message, by: 1) == .views)
        }
        var checker = inSecond()
        let third = try Self.view(after: second, heavy: [0, 1])
        #expect(Self.say(&checker, Self.install(third, last: 20), decided: 20) == nil, "of another view's end")
    }

    // MARK: Proofs

    @Test("a proof without a quorum of INSTALLs behind it")
    func withoutQuorum() throws {
        func verdict(said: [Int], signed: [UInt16], _ install: PeerMessage? = nil) -> Violation.Rule? {
            var checker = checker()
            for replica in said { _ = Self.say(&checker, install ?? Self.install(second), by: replica) }
            return checker.proved(Self.proof(second, by: signed), by: 3, at: .zero)?.rule
        }
        #expect(verdict(said: [0, 1, 2], signed: [0, 1, 2]) == nil)
        #expect(verdict(said: [0, 1], signed: [0, 1, 2]) == .views, "replica 2 said nothing")
        #expect(verdict(said: [0, 1], signed: [0, 1, 4]) == nil, "a liar may have signed anything")
        #expect(verdict(said: [0, 1, 2], signed: [0, 1]) == .views)
        #expect(verdict(said: [0, 1, 2], signed: [0, 1, 1, 1]) == .views)
        #expect(verdict(said: [0, 1, 2], signed: [0, 1, 9]) == .views)
        #expect(verdict(said: [0, 2, 3], signed: [0, 2, 3]) == .views, "it would weigh enough in view 2")
        #expect(verdict(said: [0, 2, 3], signed: [0, 2, 3, 4]) == nil)
        #expect(verdict(said: [], signed: [0, 1, 2]) == .views)
        #expect(verdict(said: [0, 1, 2], signed: [0, 1, 2], Self.install(second, last: 9)) == .views)
        let other = try Self.view(after: first, heavy: [2, 3], window: 3)
        #expect(verdict(said: [0, 1, 2], signed: [0, 1, 2], Self.install(other)) == .views)
    }

    @Test("two different proofs of one view, also when both have quorums")
    func twoProofs() throws {
        let other = try Self.view(after: first, heavy: [2, 3], window: 3)
        for wrong in [Self.proof(other), Self.proof(second, last: 11)] {
            var checker = inSecond()
            for replica in 0...2 {
                _ = Self.say(&checker, Self.install(wrong.next, last: wrong.last.rawValue), by: replica, decided: 11)
            }
            #expect(checker.proved(Self.proof(second, by: [0, 1, 4]), by: 1, at: .zero) == nil)
            #expect(checker.proved(wrong, by: 1, at: .zero)?.rule == .views)
        }
    }

    @Test("a proof without one of the view before; the next link is weighed by the view that ends")
    func chain() throws {
        let third = try Self.view(after: second, heavy: [0, 1])
        func verdict(_ checker: ViewChecker, signed: [UInt16]) -> Violation.Rule? {
            var checker = checker
            for replica in signed {
                _ = Self.say(&checker, Self.install(third, last: 20), by: Int(replica), decided: 20)
            }
            return checker.proved(Self.proof(third, last: 20, by: signed), by: 0, at: .zero)?.rule
        }
        #expect(verdict(checker(), signed: [0, 1, 2, 3]) == .views)
        #expect(verdict(inSecond(), signed: [0, 2, 3]) == nil)
        #expect(verdict(inSecond(), signed: [0, 1, 2]) == .views)
    }

    @Test("tells which view there is of a number, and of an instance")
    func lookUp() {
        let checker = inSecond()
        #expect(checker.view(.genesis) == first && checker.view(ViewNumber(2)) == second)
        for unknown in [0, 3, .max] as [UInt64] { #expect(checker.view(ViewNumber(unknown)) == nil) }
        #expect(checker.view(of: Instance(10)) == first && checker.view(of: Instance(11)) == second)
    }

    // MARK: Votes

    private static func votes(_ view: UInt64, _ instance: UInt64) -> [PeerMessage] {
        let epoch = Epoch(view: ViewNumber(view), regency: .first)
        let (instance, digest) = (Instance(instance), Sample.digest(1))
        return [
            .propose(
                Propose(epoch: epoch, batch: Batch(instance: instance, born: epoch, time: .zero, entries: []))),
            .write(WriteVote(epoch: epoch, instance: instance, digest: digest)),
            .accept(AcceptVote(epoch: epoch, instance: instance, digest: digest)),
        ]
    }

    @Test("a proposal or vote in a view that is not proved, that has ended, or that has not begun")
    func wrongView() {
        func verdicts(_ view: UInt64, _ instance: UInt64, decided: UInt64, proved: Bool = true) -> [Violation.Rule?] {
            Self.votes(view, instance).map { message in
                var checker = proved ? inSecond() : checker()
                return Self.say(&checker, message, decided: decided)
            }
        }
        let (fine, wrong) = ([nil, nil, nil] as [Violation.Rule?], [.views, .views, .views] as [Violation.Rule?])
        #expect(verdicts(2, 11, decided: 10, proved: false) == wrong)
        #expect(verdicts(2, 11, decided: 10) == fine)
        #expect(verdicts(2, 10, decided: 10) == wrong)
        #expect(verdicts(3, 21, decided: 20) == wrong)
        #expect(verdicts(1, 10, decided: 9) == fine)
        #expect(verdicts(1, 10, decided: 12) == fine, "a repeated vote")
        #expect(verdicts(1, 11, decided: 9) == fine, "whoever has not decided 10 cannot know")
        #expect(verdicts(1, 11, decided: 10) == wrong)
        #expect(verdicts(1, 11, decided: 10, proved: false) == fine, "no view is known to follow")
    }
}

/// What may end a view is a barrier.
@Suite("Views: nobody votes beyond what may end one before it is decided")
struct BarrierCheckerTests {
    private let alone = Sample.digest(1)
    private let beside = Sample.digest(2)
    private let otherName = Sample.digest(4)
    private let epoch = Epoch(view: .genesis, regency: .first)

    /// A checker that knows a batch which may end the view, and one that lists the same request beside another.
    private func checker() throws -> ViewChecker {
        var checker = ViewChecker(genesis: try QuorumCheckerTests.view(), liars: [4])
        let request = BatchEntry(id: Sample.request(1).id, digest: Sample.digest(100))
        let other = BatchEntry(id: Sample.request(2).id, digest: Sample.digest(200))
        let renamed = BatchEntry(id: other.id, digest: request.digest)
        checker.mayEndView(request)
        for (entries, digest) in [
            ([request], alone), ([request, other], beside), ([other], Sample.digest(3)), ([renamed], otherName),
        ] {
            checker.proposed(Batch(instance: Instance(10), born: epoch, time: .zero, entries: entries), digest)
        }
        return checker
    }

    private func vote(_ instance: UInt64, _ digest: Digest, isAccept: Bool, regency: UInt64 = 1) -> PeerMessage {
        let epoch = Epoch(view: .genesis, regency: Regency(regency))
        let instance = Instance(instance)
        return isAccept
            ? .accept(AcceptVote(epoch: epoch, instance: instance, digest: digest))
            : .write(WriteVote(epoch: epoch, instance: instance, digest: digest))
    }

    @Test("a vote beyond it while it is not decided", arguments: [false, true], [false, true])
    func beyond(isAccept: Bool, isAcceptBeyond: Bool) throws {
        func verdict(
            _ digest: Digest, by other: Int = 0, regency: UInt64 = 1, instance: UInt64 = 11, decided: UInt64 = 9
        ) throws -> Violation.Rule? {
            var checker = try checker()
            let first = vote(10, digest, isAccept: isAccept)
            #expect(checker.sent(first, by: 0, decided: Instance(9), at: .zero) == nil)
            let next = vote(instance, Sample.digest(9), isAccept: isAcceptBeyond, regency: regency)
            return checker.sent(next, by: other, decided: Instance(decided), at: .zero)?.rule
        }
        #expect(try verdict(alone) == .views)
        #expect(try verdict(alone, decided: 10) == nil)
        #expect(try verdict(alone, instance: 10) == nil)
        #expect(try verdict(alone, by: 1) == nil, "it has voted for something else, or not at all")
        #expect(try verdict(alone, regency: 2) == nil, "it may vote for something else in another regency")
        #expect(try verdict(beside) == nil && verdict(Sample.digest(3)) == nil)
        #expect(try verdict(otherName) == nil, "under another's name it is nobody's request")
    }

    @Test("the same WRITE beyond it again is none, when another batch than it voted for has won at the barrier")
    func sameAgain() throws {
        var checker = try checker()
        let beyond = vote(11, Sample.digest(9), isAccept: false)
        for message in [vote(10, beside, isAccept: false), beyond, vote(10, alone, isAccept: true), beyond] {
            #expect(checker.sent(message, by: 0, decided: Instance(9), at: .zero) == nil)
        }
        let accept = vote(11, Sample.digest(9), isAccept: true)
        #expect(checker.sent(accept, by: 0, decided: Instance(9), at: .zero)?.rule == .views)
    }

    @Test("WRITE for it by who has voted beyond it before", arguments: [false, true])
    func beyondBefore(isAccept: Bool) throws {
        func verdict(_ digest: Digest, beyond: UInt64 = 11, decided: UInt64 = 9) throws -> Violation.Rule? {
            var checker = try checker()
            let before = vote(beyond, Sample.digest(9), isAccept: isAccept)
            #expect(checker.sent(before, by: 0, decided: Instance(9), at: .zero) == nil)
            let late = vote(10, digest, isAccept: false)
            return checker.sent(late, by: 0, decided: Instance(decided), at: .zero)?.rule
        }
        #expect(try verdict(alone) == .views)
        #expect(try verdict(beside) == nil && verdict(alone, beyond: 12) == nil)
    }

    @Test("what was executed before is void for whoever has decided that, and may be voted beyond")
    func executedBefore() throws {
        var checker = try checker()
        checker.decided(alone, at: Instance(7))
        func verdict(decided: UInt64) -> Violation.Rule? {
            var checker = checker
            _ = checker.sent(vote(10, alone, isAccept: false), by: 0, decided: Instance(decided), at: .zero)
            return checker.sent(vote(11, beside, isAccept: false), by: 0, decided: Instance(decided), at: .zero)?.rule
        }
        #expect(verdict(decided: 7) == nil)
        #expect(verdict(decided: 6) == .views, "it cannot know yet")
    }
}

/// Quorums are those of the view that the instance belongs to.
@Suite("Quorum arithmetic across views")
struct QuorumsOfViewsTests {
    /// View 2, where 2 and 3 are heavy, begins after instance 10.
    private static func views() throws -> ViewChecker {
        let first = try QuorumCheckerTests.view()
        let plan = ViewPlan(
            heavy: [ReplicaID(2), ReplicaID(3)], leaderOrder: first.plan.leaderOrder, settings: first.settings)
        let second = try first.successor(plan)
        var views = ViewChecker(genesis: first, liars: [])
        let install = Install(view: .genesis, last: Instance(10), next: second)
        for replica in 0...2 {
            #expect(views.sent(.install(install), by: replica, decided: Instance(10), at: .zero) == nil)
        }
        let shares = (0...2).map { SignatureShare(replica: ReplicaID($0), signature: .absent) }
        let proof = ViewCertificate(view: .genesis, last: Instance(10), next: second, shares: shares)
        #expect(views.proved(proof, by: 0, at: .zero) == nil)
        return views
    }

    private static func epoch(_ view: UInt64) -> Epoch { Epoch(view: ViewNumber(view), regency: .first) }

    private static func accept(_ view: UInt64, _ instance: UInt64) -> PeerMessage {
        .accept(AcceptVote(epoch: epoch(view), instance: Instance(instance), digest: Sample.digest(5)))
    }

    private static func write(_ view: UInt64, _ instance: UInt64) -> PeerMessage {
        .write(WriteVote(epoch: epoch(view), instance: Instance(instance), digest: Sample.digest(5)))
    }

    private static func execution(_ view: UInt64, _ instance: UInt64) -> Execution {
        Sample.execution(instance, seed: 5, view: ViewNumber(view))
    }

    @Test(
        "a decision is weighed by its own view, and votes of two views do not add up",
        arguments: [
            (1, 10, [0, 1, 2], true), (1, 10, [2, 3, 4], false), (2, 11, [2, 3, 4], true), (2, 11, [0, 1, 2], false),
        ] as [(UInt64, UInt64, [Int], Bool)])
    func decisions(view: UInt64, instance: UInt64, voters: [Int], isEnough: Bool) throws {
        let views = try Self.views()
        var checker = QuorumChecker(replicas: 5, liars: [])
        for voter in voters { checker.received(Self.accept(view, instance), from: voter, by: 0, views) }
        let verdict = checker.decided(Self.execution(view, instance), by: 0, views, at: .zero)?.rule
        #expect(verdict == (isEnough ? nil : .quorums))
        let other = checker.decided(Self.execution(3 - view, instance), by: 0, views, at: .zero)?.rule
        #expect(other == .quorums, "they are votes of another view")
    }

    @Test("votes of two views for one digest are not one quorum")
    func mixed() throws {
        let views = try Self.views()
        var checker = QuorumChecker(replicas: 5, liars: [])
        for voter in [0, 1] { checker.received(Self.accept(1, 11), from: voter, by: 4, views) }
        for voter in [2, 4] { checker.received(Self.accept(2, 11), from: voter, by: 4, views) }
        #expect(checker.decided(Self.execution(2, 11), by: 4, views, at: .zero)?.rule == .quorums)
    }

    @Test("a lock is weighed by its own view")
    func locks() throws {
        let views = try Self.views()
        for (voters, expected) in [([2, 3, 4], nil), ([0, 1, 2], .quorums)] as [([Int], Violation.Rule?)] {
            var checker = QuorumChecker(replicas: 5, liars: [])
            for voter in voters { checker.received(Self.write(2, 11), from: voter, by: 4, views) }
            #expect(checker.sent(Self.accept(2, 11), by: 4, views, at: .zero)?.rule == expected)
        }
    }

    @Test("a checkpoint is weighed by the view of its instance")
    func checkpoints() throws {
        let views = try Self.views()
        for (instance, voters, expected) in [
            (8, [0, 1, 2], nil), (8, [2, 3, 4], .quorums), (16, [2, 3, 4], nil), (16, [0, 1, 2], .quorums),
        ] as [(UInt64, [Int], Violation.Rule?)] {
            var checker = QuorumChecker(replicas: 5, liars: [])
            let vote = CheckpointVote(
                view: ViewNumber(instance < 11 ? 1 : 2), instance: Instance(instance), digest: Sample.digest(1))
            for voter in voters { _ = checker.sent(.checkpoint(vote), by: voter, views, at: .zero) }
            #expect(checker.installed(Instance(instance), by: 4, views, at: .zero)?.rule == expected)
        }
    }

    @Test("blame falls on the leader by the order of the view that the STOP is of")
    func blame() throws {
        let first = try QuorumCheckerTests.view()
        let order = [2, 0, 1, 3, 4].map { ReplicaID($0) }
        let second = try first.successor(
            ViewPlan(heavy: first.plan.heavy, leaderOrder: order, settings: first.settings))
        var views = ViewChecker(genesis: first, liars: [2])
        let install = Install(view: .genesis, last: Instance(10), next: second)
        for replica in [0, 1] { _ = views.sent(.install(install), by: replica, decided: Instance(10), at: .zero) }
        let shares = (0...2).map { SignatureShare(replica: ReplicaID($0), signature: .absent) }
        let proof = ViewCertificate(view: .genesis, last: Instance(10), next: second, shares: shares)
        #expect(views.proved(proof, by: 0, at: .zero) == nil)
        let checker = BlameChecker(liars: [2])
        func verdict(_ view: UInt64, _ regency: UInt64) -> Violation.Rule? {
            let stop = Stop(view: ViewNumber(view), regency: Regency(regency), reason: .equivocation)
            return checker.sent(.stop(stop), by: 3, views, at: .zero)?.rule
        }
        #expect(verdict(1, 2) == .blame && verdict(1, 4) == nil)
        #expect(verdict(2, 2) == nil && verdict(2, 4) == .blame)
    }
}
