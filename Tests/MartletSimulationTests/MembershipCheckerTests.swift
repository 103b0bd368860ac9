// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@testable import MartletCore

/// Five founders; administrators, of whom one must sign.
@Suite("Membership: who comes, goes, and by what")
struct MembershipCheckerTests {
    private let first: View
    private let administrator = PublicKey(words: Words32(900, 0, 0, 0))

    init() throws {
        let plain = try QuorumCheckerTests.view()
        first = try View(
            group: plain.group, number: .genesis, faultModel: .byzantine, f: 1, members: plain.members,
            leaderOrder: plain.members.map(\.id), settings: plain.settings,
            administration: Administration(keys: [PublicKey(words: Words32(900, 0, 0, 0))], needed: 1))
    }

    private func member(_ id: UInt16, key: UInt64? = nil) -> Member {
        Member(
            id: ReplicaID(id), key: PublicKey(words: Words32(key ?? UInt64(id) + 1, 0, 0, 0)), host: "r\(id)", port: 1,
            isHeavy: false)
    }

    private func next(_ view: View, _ operation: GroupOperation) throws -> View {
        let share = AdministratorShare(administrator: administrator, signature: .absent)
        return try view.successor(Reconfiguration(after: view, operation, shares: [share]))
    }

    private func admitting(_ id: UInt16, in view: View) throws -> View {
        let rejoin = Rejoin(view: view.number, incarnation: 77)
        return try #require(view.admitting(rejoin, of: ReplicaID(id), at: Timestamp(1)))
    }

    /// A view that no operation makes.
    private func made(
        after view: View, members: [Member]? = nil, learners: [Learner]? = nil, lastID: UInt16? = nil,
        lastOperation: UInt64? = nil
    ) throws -> View {
        let members = members ?? view.members
        return try View(
            group: view.group, number: view.number.next, faultModel: .byzantine, f: 1, members: members,
            leaderOrder: members.map(\.id), settings: view.settings, learners: learners ?? view.learners,
            administration: view.administration, lastID: lastID.map { ReplicaID($0) } ?? view.lastID,
            lastOperation: lastOperation.map { OperationNumber($0) } ?? view.lastOperation)
    }

    private static func rule(_ checker: inout MembershipChecker, _ next: View, after view: View) -> Violation.Rule? {
        let certificate = ViewCertificate(view: view.number, last: Instance(10), next: next, shares: [])
        return checker.proved(certificate, after: view, at: .zero)?.rule
    }

    @Test("A replica is added, replaces another, and each event counts once, however many find it proved")
    func comesAndGoes() throws {
        var checker = MembershipChecker()
        let added = try next(first, .add(Learner(member(5), replacing: ReplicaID(0))))
        let replaced = try admitting(5, in: added)
        for _ in 0..<3 {
            #expect(Self.rule(&checker, added, after: first) == nil)
            #expect(Self.rule(&checker, replaced, after: added) == nil)
        }
        #expect(checker.counts[.added] == 1 && checker.counts[.promoted] == 1)
        #expect(checker.counts[.replaced] == 1 && checker.counts[.leaderReplaced] == 1)
        #expect(checker.counts[.removed] == nil)
    }

    @Test("Whoever was listed once and is gone never comes back")
    func comesBack() throws {
        var checker = MembershipChecker()
        let smaller = try next(first, .remove(ReplicaID(4)))
        #expect(Self.rule(&checker, smaller, after: first) == nil)
        let again = try made(
            after: smaller, learners: [Learner(member(4))], lastOperation: smaller.lastOperation.next.rawValue)
        #expect(Self.rule(&checker, again, after: smaller) == .membership)
    }

    @Test("A newcomer with an id that is not above all others")
    func oldID() throws {
        var checker = MembershipChecker()
        let gap = try made(after: first, lastID: 9)
        let low = try made(after: gap, learners: [Learner(member(7))], lastOperation: 1)
        #expect(Self.rule(&checker, low, after: gap) == .membership)
    }

    @Test("A member that was no learner")
    func atOnce() throws {
        var checker = MembershipChecker()
        var members = first.members
        members[4] = Member(
            id: ReplicaID(5), key: PublicKey(words: Words32(50, 0, 0, 0)), host: "r5", port: 1,
            isHeavy: members[4].isHeavy)
        #expect(Self.rule(&checker, try made(after: first, members: members, lastID: 5), after: first) == .membership)
    }

    @Test("Somebody comes or goes, and no operation was done")
    func byNobody() throws {
        for lastOperation in [0, 2] as [UInt64] {
            var checker = MembershipChecker()
            let added = try made(
                after: first, learners: [Learner(member(5))], lastID: 5, lastOperation: lastOperation)
            #expect(Self.rule(&checker, added, after: first) == .membership)
        }
    }

    @Test("A learner becomes a member, and another leaves than the one that it replaces")
    func wrongOneLeaves() throws {
        var checker = MembershipChecker()
        let added = try next(first, .add(Learner(member(5), replacing: ReplicaID(0))))
        var members = added.members
        members[1] = Member(
            id: ReplicaID(5), key: member(5).key, host: "r5", port: 1, isHeavy: members[1].isHeavy)
        #expect(Self.rule(&checker, added, after: first) == nil)
        #expect(
            Self.rule(&checker, try made(after: added, members: members, learners: []), after: added) == .membership)
    }

    @Test("A key that was another's")
    func anothersKey() throws {
        var checker = MembershipChecker()
        let smaller = try next(first, .remove(ReplicaID(4)))
        let thief = try next(smaller, .add(Learner(member(5, key: 5))))
        #expect(Self.rule(&checker, smaller, after: first) == nil)
        #expect(Self.rule(&checker, thief, after: smaller) == .membership)
    }

    @Test("Of two operations with one number, one is done")
    func operations() throws {
        func execution(_ instance: UInt64, _ number: UInt64) -> Execution {
            let operation = Reconfiguration(
                view: .genesis, number: OperationNumber(number), operation: .remove(ReplicaID(1)))
            let id = RequestID(
                client: ClientID(administrator), session: SessionID(instance: Instance(1), place: 0),
                sequence: SequenceNumber(instance))
            let request = Request(
                id: id, kind: .reconfiguration(operation), repliesKeptFrom: SequenceNumber(0), payload: [])
            let plain = Sample.execution(instance, seed: 5)
            return Execution(
                epoch: plain.epoch, instance: plain.instance, digest: plain.digest, time: plain.time,
                steps: [
                    ExecutionStep(
                        request: request, digest: plain.digest, verdict: .reconfigure(.follows(ViewNumber(2))))
                ])
        }
        #expect(OperationChecker.check([execution(1, 1), execution(2, 2)], at: .zero).isEmpty)
        #expect(OperationChecker.check([execution(1, 1), execution(2, 1)], at: .zero).count == 1)
        #expect(OperationChecker.check([execution(1, 2)], at: .zero).count == 1)
    }
}
