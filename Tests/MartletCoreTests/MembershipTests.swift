// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletCore

@Suite("Members that come and go (protocol §8)")
struct MembershipTests {
    private let group: Group
    private let client = Samples.client(1)
    private let session: SessionID
    private let change: Change

    init() throws {
        group = try Group()
        session = group.openSession(client)
        change = Change(group, by: Samples.client(2))
        group.order(client, session, 1...20)
    }

    private func order(_ operation: GroupOperation) {
        group.submit(change.request(operation))
        group.pass(milliseconds: 50)
    }

    /// Replaces a member, whose place here it still has, by another; returns the newcomer's place.
    @discardableResult
    private func replace(_ old: UInt16, by new: UInt16, toldBy teacher: Int = 1) -> Int {
        order(.add(Learner(Group.newcomer(new), replacing: ReplicaID(old))))
        let place = group.join(new, toldBy: teacher, incarnation: 1_000 + UInt64(new))
        group.pass(milliseconds: 3_000)
        return place
    }

    private func members(_ place: Int) -> [UInt16] { group.status(place).view.members.map(\.id.rawValue) }

    /// Whether they all have the same views and decisions.
    private func expectAgreement(_ places: [Int], sourceLocation: SourceLocation = #_sourceLocation) {
        for place in places {
            #expect(group.status(place).view == group.status(places[0]).view, sourceLocation: sourceLocation)
            #expect(group.status(place).decided == group.status(places[0]).decided, sourceLocation: sourceLocation)
            #expect(group.status(place).mode == .voter, sourceLocation: sourceLocation)
        }
    }

    // MARK: Coming

    @Test(
        "A newcomer follows as a learner, and votes when it is close behind; the member that it replaces leaves",
        arguments: [3, 0])
    func replaced(old: Int) {
        order(.add(Learner(Group.newcomer(4), replacing: ReplicaID(UInt16(old)))))
        #expect(group.status(1).view.number == ViewNumber(2) && members(1) == [0, 1, 2, 3])
        #expect(group.status(1).view.learners.map(\.member.id.rawValue) == [4])
        let place = group.join(4, toldBy: 1)
        #expect(group.status(place).mode == .learner)
        group.pass(milliseconds: 3_000)
        var expected: [UInt16] = [0, 1, 2, 3]
        expected[old] = 4
        let places = expected.map { Int($0) }
        #expect(members(1) == expected && group.status(1).view.learners.isEmpty)
        #expect(group.status(1).view.leaderOrder.last == ReplicaIndex(old), "whoever comes anew leads last")
        expectAgreement(places)
        // It is needed: another one goes.
        let other = old == 3 ? 2 : 3
        group.nodes[other].isUp = false
        group.order(client, session, 21...40)
        group.pass(milliseconds: 3_000)
        #expect(group.executed(1).count == 40)
        expectAgreement(places.filter { $0 != other })
    }

    @Test("One that comes when much has been forgotten takes over a state, and goes on from there")
    func late() {
        group.order(client, session, 21...100)
        let place = replace(3, by: 4)
        #expect(!group.nodes[place].installed.isEmpty && members(place) == [0, 1, 2, 4])
        expectAgreement([0, 1, 2, place])
        group.order(client, session, 101...120)
        expectAgreement([0, 1, 2, place])
    }

    @Test("Members are added, f grows, and members leave again; each view has its own weights")
    func grown() throws {
        for id in 4...6 as ClosedRange<UInt16> {
            order(.add(Learner(Group.newcomer(id))))
            group.join(id, toldBy: 0, incarnation: UInt64(id))
            group.pass(milliseconds: 3_000)
            #expect(group.status(0).view.quorum.delta == Int(id) - 3)
            expectAgreement(Array(0...Int(id)))
            // Also of those that it brings up there is an account.
            let entry = Samples.entry(Samples.operation(Samples.client(9), session, UInt64(id)))
            group.inject(.vouches(Vouches(entries: [entry])), from: Int(id), to: 0)
        }
        order(.tolerate(.byzantine, f: 2))
        #expect(group.status(0).view.f == 2 && group.status(0).view.heavyMembers.count == 4)
        group.nodes[1].isUp = false
        group.nodes[5].isUp = false
        group.order(client, session, 21...40)
        group.pass(milliseconds: 3_000)
        #expect(group.executed(0).count == 40)
        expectAgreement([0, 2, 3, 4, 6])
        // One alone may be missing where f is 1.
        for place in [1, 5] { group.nodes[place].isUp = true }
        group.pass(milliseconds: 3_000)
        order(.tolerate(.byzantine, f: 1))
        order(.remove(ReplicaID(1)))
        order(.remove(ReplicaID(5)))
        #expect(members(0) == [0, 2, 3, 4, 6] && group.status(0).view.f == 1)
        group.order(client, session, 41...50)
        expectAgreement([0, 2, 3, 4, 6])
    }

    @Test("f grows while a member is down, which comes back into a group that has gone on")
    func grownWithoutOne() {
        group.nodes[3].isUp = false
        for id in 4...6 as ClosedRange<UInt16> {
            order(.add(Learner(Group.newcomer(id))))
            group.join(id, toldBy: 0, incarnation: UInt64(id))
            group.pass(milliseconds: 3_000)
        }
        order(.tolerate(.byzantine, f: 2))
        #expect(members(0) == [0, 1, 2, 3, 4, 5, 6] && group.status(0).view.f == 2)
        group.nodes[3].isUp = true
        group.pass(milliseconds: 3_000)
        expectAgreement(Array(0...6))
    }

    @Test("A learner that never catches up is removed again, and nobody waited for it")
    func givenUp() {
        order(.add(Learner(Group.newcomer(4), replacing: ReplicaID(3))))
        let place = group.join(4, toldBy: 1)
        group.passes = { $0.from != place && $0.to != place }
        group.order(client, session, 21...40)
        #expect(group.executed(0).count == 40 && group.status(place).mode == .learner)
        order(.remove(ReplicaID(4)))
        #expect(group.status(0).view.learners.isEmpty && members(0) == [0, 1, 2, 3])
        // Its id is not given again, and what it asks for late is nothing.
        group.passes = { _ in true }
        group.pass(milliseconds: 3_000)
        #expect(members(0) == [0, 1, 2, 3] && group.status(0).view.lastID == ReplicaID(4))
        order(.add(Learner(Group.newcomer(4, key: 77))))
        #expect(group.status(0).view.learners.isEmpty)
    }

    @Test("A learner orders nothing but the operation that admits it, and no one's early word brings it in")
    func lyingLearner() throws {
        order(.add(Learner(Group.newcomer(4))))
        let place = group.join(4, toldBy: 1)
        group.passes = { $0.from != place && $0.to != place }
        let view = group.status(0).view
        let report = LatencyReport(
            proposals: Array(repeating: .zero, count: 4), votes: Array(repeating: .zero, count: 4))
        let measure = Request.measure(
            report, in: view.number, number: SequenceNumber(1), by: Group.newcomer(4).key)
        for to in 0..<4 {
            group.inject(.operation(ReplicaOperation(request: measure)), from: place, to: to)
            // In another's name, and for another view.
            let rejoin = Rejoin(view: view.number.next, incarnation: 7)
            for key in [Group.newcomer(4).key, Samples.key(2)] {
                let request = Request.rejoin(rejoin, number: SequenceNumber(2), by: key)
                group.inject(.operation(ReplicaOperation(request: request)), from: place, to: to)
            }
        }
        group.pass(milliseconds: 3_000)
        #expect(group.status(0).view == view && group.status(0).pendingRequests == 0)
        #expect(!group.nodes[0].notices.contains { if case .stopSent = $0 { true } else { false } })
    }

    // MARK: Leaving

    @Test("A removed replica stays for a while, votes in no view without it, and then may go")
    func leaves() {
        let recording = group.record(3)
        replace(3, by: 4)
        #expect(!recording.votes.contains { $0.0.view > ViewNumber(2) })
        #expect(group.nodes[3].notices.contains(.leftGroup(ViewNumber(3))) && group.nodes[3].hasLeft == nil)
        group.pass(milliseconds: 12_000)
        #expect(group.nodes[3].hasLeft == ViewNumber(3))
        group.nodes[3].isUp = false
        group.pass(milliseconds: 6_000)
        #expect(!group.nodes[0].audience.contains { $0.id == ReplicaID(3) })
    }

    @Test("What a former member says of later views is nobody's word")
    func former() throws {
        let place = replace(3, by: 4)
        let view = group.status(0).view
        #expect(group.nodes[0].audience.contains { $0.id == ReplicaID(3) }, "it is spoken with still")
        let stop = Stop(view: view.number, regency: Regency(2), reason: .requestTimeout)
        // With the one liar that there may be it would make f+1, and with that one's INSTALL and another a quorum.
        for liar in [2, 3] { group.inject(.stop(stop), from: liar, to: 0) }
        let next = try view.successor(
            Reconfiguration(after: view, .tolerate(.crash, f: 1), shares: [Samples.administrator]))
        for liar in [2, 3] {
            group.inject(
                .install(Install(view: view.number, last: group.status(0).decided, next: next)), from: liar, to: 0)
        }
        group.inject(
            .install(Install(view: view.number, last: group.status(0).decided, next: next)), from: place, to: 0)
        group.settle()
        #expect(!group.nodes[0].notices.contains { if case .stopSent = $0 { true } else { false } })
        #expect(group.status(0).view == view && group.nodes[0].certificates.last?.next == view)
    }

    @Test("Who sleeps while all others are replaced finds those that are there now")
    func slept() {
        group.nodes[3].isUp = false
        group.passes = { $0.from != 3 && $0.to != 3 }
        var teacher = 3
        for (old, new) in [(0, 4), (1, 5), (2, 6)] as [(UInt16, UInt16)] {
            teacher = replace(old, by: new, toldBy: new == 4 ? 1 : teacher)
            #expect(group.status(teacher).mode == .voter)
        }
        #expect(members(teacher) == [4, 5, 6, 3])
        for place in 0...2 { group.nodes[place].isUp = false }
        group.order(client, session, 21...60)
        group.passes = { _ in true }
        group.nodes[3].isUp = true
        group.restart(3, mode: .learner, incarnation: 99, chain: group.nodes[teacher].certificates)
        group.pass(milliseconds: 10_000)
        expectAgreement([4, 5, 6, 3])
        #expect(group.executed(teacher).suffix(40).count == 40)
    }

    // MARK: Operations

    @Test("Of two operations with one number the first is done; the other is refused, and says why")
    func race() {
        let first = change.request(.add(Learner(Group.newcomer(4))))
        let second = change.request(.add(Learner(Group.newcomer(5))))
        group.submit(first)
        group.submit(second)
        group.pass(milliseconds: 200)
        #expect(group.status(0).view.learners.map(\.member.id.rawValue) == [4])
        #expect(group.status(0).view.lastOperation == OperationNumber(1))
        let refusals = group.nodes[0].refusals.map(\.refusal.reason)
        #expect(refusals.contains(.viewEnded))
        order(.add(Learner(Group.newcomer(5))))
        #expect(group.status(0).view.learners.map(\.member.id.rawValue) == [4, 5])
    }

    @Test(
        "What cannot be is refused at execution, with the reason, and changes nothing", arguments: Impossible.allCases)
    func impossible(what: Impossible) {
        let request = change.request(what.operation(group.status(0).view))
        group.submit(request)
        group.pass(milliseconds: 200)
        let verdicts = group.nodes[0].executions.flatMap(\.steps).filter { $0.request.id == request.id }.map(\.verdict)
        guard case .reconfigure(.refused(let reason)) = verdicts.first else {
            Issue.record("\(what): \(verdicts)")
            return
        }
        #expect(reason.contains(what.reason), "\(reason)")
        #expect(group.status(0).view == group.view)
        group.order(client, session, 21...22)
        #expect(group.executed(0).count == 22)
    }

    enum Impossible: CaseIterable {
        case tooFew, unknown, sameKey, sameAddress, usedID, tooManyFaults, nobody, nothing, twice

        func operation(_ view: View) -> GroupOperation {
            let first = view.members[0]
            switch self {
            case .tooFew: return .remove(first.id)
            case .unknown: return .remove(ReplicaID(9))
            case .sameKey: return .add(Learner(Group.newcomer(4, key: 0)))
            case .sameAddress:
                return .add(
                    Learner(
                        Member(
                            id: ReplicaID(4), key: Samples.key(44), host: first.host, port: first.port, isHeavy: false))
                )
            case .usedID: return .add(Learner(Group.newcomer(3, key: 44)))
            case .tooManyFaults: return .tolerate(.byzantine, f: 2)
            case .nobody: return .administer(Administration())
            case .nothing: return .tolerate(.byzantine, f: 1)
            case .twice: return .administer(Administration(keys: [first.key, first.key], needed: 1))
            }
        }

        var reason: String {
            switch self {
            case .tooFew: "3 members cannot tolerate 1"
            case .unknown: "no member"
            case .sameKey: "same key"
            case .sameAddress: "same address"
            case .usedID: "no id is given twice"
            case .tooManyFaults: "4 members cannot tolerate 2"
            case .nobody: "without administrators"
            case .nothing: "changes nothing"
            case .twice: "listed twice"
            }
        }
    }

    @Test("Whose key was taken from the administrators decides nothing any more, whatever it signed before")
    func formerAdministrator() {
        let mine = AdministratorShare(administrator: Samples.key(901), signature: .absent)
        order(.administer(Administration(keys: [mine.administrator], needed: 1)))
        #expect(group.status(0).view.lastOperation == OperationNumber(1))
        // With the next number, signed by the former one.
        let late = change.request(.remove(ReplicaID(3)))
        group.submit(late)
        group.pass(milliseconds: 200)
        let verdicts = group.nodes[0].executions.flatMap(\.steps).filter { $0.request.id == late.request.id }.map(
            \.verdict)
        guard case .reconfigure(.refused(let reason)) = verdicts.first else {
            Issue.record("\(verdicts)")
            return
        }
        #expect(reason.contains("no administrator's"))
    }

    // MARK: Keys

    @Test("A replica whose key is rotated votes with the new one only")
    func rotated() {
        let fresh = Samples.key(555)
        let old = group.view.members[2]
        order(.update(Member(id: old.id, key: fresh, host: old.host, port: old.port, isHeavy: false)))
        #expect(group.status(0).view.members[2].key == fresh && group.status(0).view.members[2].isHeavy == old.isHeavy)
        group.restart(2, mode: .learner, incarnation: 55, key: fresh)
        group.pass(milliseconds: 3_000)
        expectAgreement([0, 1, 2, 3])
        // The thief's.
        group.restart(2, mode: .voter, key: old.key)
        let recording = group.record(2)
        group.order(client, session, 21...30)
        group.pass(milliseconds: 3_000)
        #expect(group.executed(0).count == 30 && group.status(2).mode == .learner)
        #expect(!recording.votes.contains { $0.0.view > .genesis })
        #expect(group.nodes[2].notices.contains { if case .keyReplaced = $0 { true } else { false } })
    }

    // MARK: Restarting

    @Test("In a durable group newcomers, and those that saw them come, go on from what they wrote down")
    func durable() throws {
        let group = try Group.durable()
        let session = group.openSession(client)
        let change = Change(group, by: Samples.client(2))
        group.order(client, session, 1...40)
        group.submit(change.request(.add(Learner(Group.newcomer(4), replacing: ReplicaID(3)))))
        group.pass(milliseconds: 50)
        let place = group.join(4, toldBy: 1)
        group.pass(milliseconds: 3_000)
        #expect(group.status(place).mode == .voter)
        group.order(client, session, 41...50)
        for node in [0, 1, 2, place] { group.loseAndRestorePower(node) }
        group.pass(milliseconds: 3_000)
        group.order(client, session, 51...60)
        group.pass(milliseconds: 3_000)
        for node in [0, 1, 2, place] {
            #expect(group.status(node).mode == .voter && group.status(node).view == group.status(0).view)
            #expect(group.status(node).decided == group.status(0).decided)
        }
    }
}
