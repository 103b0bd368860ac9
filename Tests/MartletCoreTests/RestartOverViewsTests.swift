// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// Going on after a restart over the end of a view (protocol §3, §7).
@Suite struct RestartOverViewsTests {
    private let client = Samples.client(1)
    private let second = Epoch(view: ViewNumber(2), regency: .first)

    private func heavy(_ model: FaultModel) -> [Int] { model == .crash ? [3] : [3, 4] }

    @Test(arguments: FaultModel.allCases, [16, 8]) func allRestartInALaterView(_ model: FaultModel, _ period: Int)
        throws
    {
        let group = try Group.durable(n: 5, model: model) { $0.checkpointPeriod = period }
        let change = Change(group, by: Samples.client(9))
        let session = group.openSession(client)
        group.order(client, session, 1...3)
        group.submit(change.request(heavy: heavy(model), order: [4, 3, 2, 1, 0]))
        group.pass(milliseconds: 20)
        group.order(client, session, 4...5)
        group.submit(change.request(heavy: heavy(model), order: [3, 4, 2, 1, 0]))
        group.pass(milliseconds: 20)
        group.order(client, session, 6...8)
        let before = group.status(0)
        #expect(before.epoch.view == ViewNumber(3))
        group.loseAndRestorePowerOfAll()
        for place in 0..<5 {
            #expect(group.status(place).epoch == before.epoch && group.status(place).mode == .voter)
            #expect(group.status(place).decided == before.decided)
        }
        group.submit(Samples.operation(client, session, 9, [9]))
        group.pass(milliseconds: 3_000)
        for place in 0..<5 { #expect(group.executed(place).last == [9]) }
    }

    /// Votes of the view that is over are no votes of the next, and the other way round.
    @Test func eachViewHasItsOwnVotes() throws {
        let group = try Group.durable(n: 5)
        let change = Change(group, by: Samples.client(9))
        let session = group.openSession(client)
        group.submit(change.request(heavy: [3, 4], order: [4, 3, 2, 1, 0]))
        group.pass(milliseconds: 20)
        group.passes = { if case .accept = $0.message { false } else { true } }
        let sent = group.recordAll()
        group.submit(Samples.operation(client, session, 1, [1]))
        group.settle()
        let vote = try #require(sent.accepts(of: 2).last)
        #expect(vote.epoch == second)
        sent.forget()
        group.loseAndRestorePower(2)
        let again = sent.accepts(of: 2)
        #expect(again.map(\.epoch) == [second] && again.map(\.digest) == [vote.digest])
        #expect(sent.writes(of: 2).map(\.epoch) == [second])
    }

    @Test(arguments: FaultModel.allCases) func betweenTwoViewsItsWordOnTheNextIsTheSame(_ model: FaultModel) throws {
        let group = try Group.durable(n: 5, model: model)
        let change = Change(group, by: Samples.client(9))
        let session = group.openSession(client)
        group.order(client, session, 1...2)
        let sent = group.recordAll()
        group.passes = { parcel in
            switch parcel.message {
            case .install, .views: false
            default: true
            }
        }
        group.submit(change.request(heavy: heavy(model), order: [4, 3, 2, 1, 0]))
        group.settle()
        let before = try #require(sent.installs(of: 1).last)
        #expect(group.status(1).epoch.view == .genesis)
        sent.forget()
        group.loseAndRestorePowerOfAll()
        for place in 0..<5 {
            #expect(sent.installs(of: place).allSatisfy { $0 == before } && group.status(place).decided == before.last)
        }
        group.passes = { _ in true }
        group.submit(Samples.operation(client, session, 3, [3]))
        group.pass(milliseconds: 3_000)
        for place in 0..<5 {
            #expect(group.status(place).epoch.view == ViewNumber(2))
            #expect(group.executed(place).last == [3])
        }
    }

    /// INSTALL tells that the last instance is executed: not before its decision is durable.
    @Test func itsWordOnTheNextViewWaitsForItsDecision() throws {
        let group = try Group.durable(n: 5)
        let change = Change(group, by: Samples.client(9))
        let sent = group.recordAll()
        group.holdsSyncs = [2]
        group.submit(change.request(heavy: [3, 4], order: [4, 3, 2, 1, 0]))
        group.settle()
        #expect(group.nodes[2].notices.contains { if case .viewEnded = $0 { true } else { false } })
        #expect(sent.installs(of: 2).isEmpty && !sent.installs(of: 1).isEmpty)
    }

    /// It is taken over as it was after the last instance of a view.
    @Test func theStateToBeginWithEndsAView() throws {
        let group = try Group.durable(n: 5) { $0.checkpointPeriod = 8 }
        let change = Change(group, by: Samples.client(9))
        let session = group.openSession(client)
        group.order(client, session, 1...5)
        group.submit(change.request(heavy: [3, 4], order: [4, 3, 2, 1, 0]))
        group.pass(milliseconds: 50)
        #expect(group.status(0).decided == Instance(8) && group.status(0).stableCheckpoint == Instance(8))
        #expect(group.status(0).epoch == second)
        group.loseAndRestorePowerOfAll()
        for place in 0..<5 {
            #expect(group.status(place).epoch == second && group.status(place).decided == Instance(8))
        }
        group.submit(Samples.operation(client, session, 6, [6]))
        group.pass(milliseconds: 3_000)
        for place in 0..<5 { #expect(group.executed(place).last == [6]) }
        group.loseAndRestorePowerOfAll()
        for place in 0..<5 { #expect(group.executed(place).last == [6] && group.status(place).mode == .voter) }
    }

    // MARK: REJOIN

    @Test func whoWasAdmittedUnderANumberVotesAfterARestart() throws {
        let group = try Group.durable()
        let session = group.openSession(client)
        group.order(client, session, 1...20)
        group.restart(3, mode: .learner, incarnation: 77)
        group.pass(milliseconds: 3_000)
        #expect(group.status(3).mode == .voter && group.status(3).epoch.view == ViewNumber(2))
        group.order(client, session, 21...22)
        group.loseAndRestorePower(3)
        #expect(group.status(3).mode == .voter && group.status(3).epoch.view == ViewNumber(2))
        group.nodes[2].isUp = false
        group.submit(Samples.operation(client, session, 23, [23]))
        group.pass(milliseconds: 3_000)
        #expect(group.executed(0).last == [23], "without its vote there is no quorum")
    }

    @Test func whoIsNotAdmittedYetAsksOnUnderTheSameNumber() throws {
        let group = try Group.durable()
        let session = group.openSession(client)
        group.order(client, session, 1...20)
        var numbers: [UInt64] = []
        group.onSend = { _, message in
            guard case .operation(let it) = message, let rejoin = Rejoin(payload: it.request.payload) else { return }
            numbers.append(rejoin.incarnation)
        }
        group.passes = { if case .operation = $0.message { false } else { true } }
        group.restart(3, mode: .learner, incarnation: 77)
        let sent = group.recordAll()
        group.pass(milliseconds: 2_000)
        #expect(numbers.last == 77 && group.status(3).mode == .learner)
        numbers = []
        group.loseAndRestorePower(3)
        #expect(group.status(3).mode == .learner)
        group.pass(milliseconds: 2_000)
        #expect(!numbers.isEmpty && numbers.allSatisfy { $0 == 77 })
        #expect(sent.writes(of: 3).isEmpty && sent.accepts(of: 3).isEmpty && sent.stopData(of: 3).isEmpty)
        group.passes = { _ in true }
        group.pass(milliseconds: 6_000)
        #expect(group.status(3).mode == .voter)
    }

    // MARK: Calculations

    /// Base, input, the instance it is due at, and votes beyond: only with the outcome does it get as far again.
    @Test func aCalculationIsPendingWhileItIsRestored() throws {
        let group = try Group.durable(n: 5) {
            $0.measuringPermille = 1_000
            $0.calculationPeriod = 60
        }
        group.drawNumbers()
        group.calculate = { task in
            let leaderOrder = [4, 3, 0, 1, 2].map { ReplicaIndex($0) }
            return CalculationOutcome(
                view: task.view.number, instance: task.input.instance,
                reason: task.view.leaderOrder == leaderOrder ? .goodEnough : .better, leaderOrder: leaderOrder,
                heavy: ReplicaSet([3, 4].map { ReplicaIndex($0) }),
                predictions: .init(current: 9, best: 5, median: 7, worst: 9))
        }
        let session = group.openSession(client)
        var next = 1 as UInt64
        while group.status(2).epoch.view == .genesis, next < 300 {
            group.order(client, session, next...next)
            next += 1
        }
        let before = group.status(2)
        #expect(before.epoch == second && before.decided >= Instance(75))
        let sent = group.recordAll()
        var tasks: [CalculationTask] = []
        group.slow = (2, { tasks.append($0) })
        group.loseAndRestorePower(2)
        #expect(group.status(2).epoch.view == .genesis && group.status(2).decided == Instance(74))
        group.pass(milliseconds: 1_000)
        #expect(sent.writes(of: 2).isEmpty && sent.accepts(of: 2).isEmpty && sent.stopData(of: 2).isEmpty)
        #expect(sent.installs(of: 2).isEmpty && sent.stops(of: 2).isEmpty)
        let outcome = try #require(tasks.last.flatMap { group.calculate($0) })
        group.slow = nil
        group.step(2, .calculated(outcome))
        #expect(group.status(2).epoch == before.epoch && group.status(2).decided >= before.decided)
        group.order(client, session, next...(next + 3))
        group.pass(milliseconds: 500)
        #expect(group.status(2).decided == group.status(0).decided && sent.accepts(of: 2).count >= 4)
    }
}
