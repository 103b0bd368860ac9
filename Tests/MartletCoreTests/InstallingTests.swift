// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// How what was calculated becomes a view (adaptation §6, protocol §5: the barrier).
@Suite("Installing what was calculated")
struct InstallingTests {
    private let client = Samples.client(1)
    private let admin = Samples.client(9)
    /// c = 60, W = 4: what is calculated after 60 is due after 75.
    private let due = Instance(75)

    private func group(n: Int = 5, pinned: Bool = false) throws -> Group {
        var settings = GroupSettings()
        settings.window = 4
        settings.checkpointPeriod = 16
        settings.measuringPermille = 1_000
        settings.calculationPeriod = 60
        settings.isPinned = pinned
        let group = Group(view: try Samples.view(n: n, settings: settings))
        group.drawNumbers()
        return group
    }

    /// The next sequence.
    private func order(_ group: Group, _ session: SessionID, until isDone: () -> Bool) -> UInt64 {
        var next = 1 as UInt64
        while !isDone(), next < 1_000 {
            group.order(client, session, next...next)
            next += 1
        }
        return next
    }

    /// Members 3 and 4 shall be heavy, and 4 lead.
    private static func change(_ task: CalculationTask) -> CalculationOutcome {
        let leaderOrder = [4, 3, 0, 1, 2].map { ReplicaIndex($0) }
        return CalculationOutcome(
            view: task.view.number, instance: task.input.instance,
            reason: task.view.leaderOrder == leaderOrder ? .goodEnough : .better, leaderOrder: leaderOrder,
            heavy: ReplicaSet([3, 4].map { ReplicaIndex($0) }),
            predictions: .init(current: 9, best: 5, median: 7, worst: 9))
    }

    private let first = Epoch(view: .genesis, regency: .first)
    private let second = Epoch(view: ViewNumber(2), regency: .first)

    @Test("The view ends with the instance that the change is due at, at all members alike")
    func installed() throws {
        let group = try group()
        group.calculate = Self.change
        let session = group.openSession(client)
        group.order(client, session, 1...150)
        for place in 0..<5 {
            #expect(group.status(place).epoch == second && group.status(place).leader == ReplicaID(4))
            #expect(group.status(place).view.heavyMembers == ReplicaSet([3, 4].map { ReplicaIndex($0) }))
            #expect(group.nodes[place].executions.allSatisfy { ($0.epoch.view == .genesis) == ($0.instance <= due) })
            #expect(group.executed(place).count == 150)
            #expect(group.nodes[place].certificates.map(\.last) == [due])
        }
    }

    @Test("While it is pending, nobody votes beyond, executes, or blames the leader; then all goes on")
    func pending() throws {
        let group = try group()
        var tasks: [CalculationTask] = []
        group.calculate = {
            tasks.append($0); return nil
        }
        let session = group.openSession(client)
        group.order(client, session, 1...100)
        group.pass(milliseconds: 20_000)
        for place in 0..<5 {
            #expect(group.status(place).decided == due.previous)
            #expect(group.status(place).epoch == first)
            #expect(try #require(group.deadline(place)) > group.now.monotonic, "and nobody wakes without end")
        }
        let task = try #require(tasks.first)
        #expect(tasks.allSatisfy { $0 == task } && tasks.count == 5)
        group.calculate = Self.change
        for place in 0..<5 { group.step(place, .calculated(Self.change(task))) }
        group.pass(milliseconds: 1_000)
        for place in 0..<5 {
            #expect(group.status(place).epoch == second)
            #expect(group.executed(place).count == 100)
        }
    }

    @Test("Who is late with its calculation is not waited for, and follows")
    func late() throws {
        let group = try group()
        var late: CalculationTask?
        group.calculate = Self.change
        group.slow = (3, { late = $0 })
        let session = group.openSession(client)
        _ = order(group, session, until: { group.status(0).epoch == self.second })
        for place in [0, 1, 2, 4] { #expect(group.status(place).epoch == second) }
        #expect(group.status(3).epoch == first && group.status(3).decided == due.previous)
        let task = try #require(late)
        group.slow = nil
        group.step(3, .calculated(Self.change(task)))
        group.pass(milliseconds: 3_000)
        #expect(group.status(3).epoch == second && group.status(3).mode == .voter)
        #expect(group.status(3).decided == group.status(0).decided)
    }

    /// The simulator's seed 2440: question and answer followed each other without end.
    @Test("Who waits for its own calculation asks nobody again and again for what it has")
    func lateAndBehind() throws {
        let group = try group()
        group.calculate = Self.change
        group.slow = (3, { _ in })
        let session = group.openSession(client)
        let next = order(group, session, until: { group.status(0).epoch == self.second })
        let sent = group.record(3)
        group.order(client, session, next...next + 5)
        #expect(group.status(3).decided == due.previous)
        #expect(group.status(0).decided.distance(beyond: due) > 4, "more than the window")
        #expect(!sent.messages.contains { if case .fetchDecisions = $0 { true } else { false } })
    }

    @Test("The leader of the old view dies before all have decided the last instance of it")
    func leaderDies() throws {
        let group = try group()
        group.calculate = Self.change
        let session = group.openSession(client)
        // From there on the first leader is heard by nobody.
        group.passes = { parcel in
            guard parcel.from == 0 || parcel.to == 0 else { return true }
            return !group.nodes.contains { $0.core.status.decided >= Instance(73) }
        }
        group.order(client, session, 1...75)
        group.pass(milliseconds: 5_000)
        group.order(client, session, 76...100)
        for place in 1..<5 {
            #expect(group.status(place).epoch == second)
            #expect(group.executed(place).count == 100)
        }
        group.passes = { _ in true }
        group.pass(milliseconds: 3_000)
        #expect(group.status(0).epoch == second)
    }

    @Test("One member alone has decided the last instance")
    func decidedAlone() throws {
        let group = try group()
        group.calculate = Self.change
        let session = group.openSession(client)
        group.passes = { parcel in
            guard case .accept(let vote) = parcel.message, vote.instance == due else { return true }
            return parcel.to == 2 || vote.epoch.regency > .first
        }
        group.order(client, session, 1...75)
        group.pass(milliseconds: 10_000)
        group.order(client, session, 76...100)
        for place in 0..<5 {
            #expect(group.status(place).epoch == second)
            #expect(group.executed(place).count == 100)
        }
    }

    @Test("A reconfiguration in between makes it void")
    func reconfigured() throws {
        let group = try group()
        group.calculate = Self.change
        let change = Change(group, by: admin)
        let session = group.openSession(client)
        let next = order(group, session, until: { group.status(0).decided >= Instance(61) })
        group.submit(change.request(heavy: [0, 2], order: [2, 0, 1, 3, 4]))
        group.order(client, session, next...next + 30)
        let last = try #require(group.nodes[0].certificates.first?.last)
        #expect(last > Instance(60) && last < due)
        for place in 0..<5 {
            #expect(group.status(place).epoch == second && group.status(place).leader == ReplicaID(2))
        }
        group.order(client, session, next + 31...next + 100)
        for place in 0..<5 { #expect(group.status(place).epoch.view == ViewNumber(3)) }
    }

    @Test("A pinned group calculates, and changes nothing")
    func pinned() throws {
        let group = try group(pinned: true)
        group.calculate = Self.change
        let session = group.openSession(client)
        group.order(client, session, 1...150)
        for place in 0..<5 {
            #expect(group.status(place).epoch == first)
            #expect(group.nodes[place].core.calculationHistory.count >= 2)
        }
    }

    @Test("Who takes over a checkpoint between the calculation and its instance ends the view there too")
    func stateTransfer() throws {
        let group = try group()
        group.calculate = Self.change
        let session = group.openSession(client)
        group.order(client, session, 1...20)
        group.nodes[1].isUp = false
        group.order(client, session, 21...67)
        group.nodes[1].isUp = true
        // Its state comes from the checkpoint after 64; the rest it learns instance by instance.
        group.pass(milliseconds: 2_000)
        #expect(group.nodes[1].calculations.map(\.instance) == [Instance(60)])
        group.order(client, session, 68...100)
        for place in 0..<5 { #expect(group.status(place).epoch == second) }
        #expect(
            group.nodes[1].adaptations == group.nodes[1].adaptations.filter { group.nodes[0].adaptations[$0] == $1 })
    }

    @Test("What members have measured stays known in the next view, by their ids")
    func tablesFollow() throws {
        let view = try Samples.view()
        var tables = LatencyTables(view: view)
        let row = [0, 5, 6, 7].map { LinkLatency($0) }
        // What it has seen of consensus was of the view before.
        tables.note(
            LatencyReport(proposals: row, votes: row, late: ReplicaSet([ReplicaIndex(2)]), took: LinkLatency(9)),
            of: ReplicaIndex(0), at: Instance(7))
        let members = [2, 0, 3, 1].map { view.members[$0] }
        let next = try View(
            group: .zero, number: ViewNumber(2), faultModel: .byzantine, f: 1, members: members,
            leaderOrder: members.map(\.id), settings: view.settings)
        tables.begin(next)
        let moved = [6, 0, 7, 5].map { LinkLatency($0) }
        #expect(
            tables.reports(beyond: .zero) == [nil, LatencyReport(proposals: moved, votes: moved), nil, nil])
        #expect(tables.reports(beyond: Instance(7)) == [nil, nil, nil, nil])
    }

    @Test("Where nothing is measured a member's operation is nothing")
    func unmeasured() throws {
        var settings = GroupSettings()
        settings.measuringPermille = 0
        let group = Group(view: try Samples.view(settings: settings))
        let session = group.openSession(client)
        let row = Array(repeating: LinkLatency(0), count: 4)
        let request = Request.measure(
            LatencyReport(proposals: row, votes: row), in: .genesis, number: SequenceNumber(1), by: Samples.key(3))
        for to in 0...2 { group.inject(.operation(ReplicaOperation(request: request)), from: 3, to: to) }
        group.settle()
        #expect(group.nodes.allSatisfy { $0.core.status.pendingRequests == 0 })
        group.order(client, session, 1...3)
        #expect(group.executed(1).count == 3)
    }

    // MARK: What is due

    private func outcome(_ group: Group, at instance: UInt64, view: ViewNumber = .genesis) -> CalculationOutcome {
        CalculationOutcome(
            view: view, instance: Instance(instance), reason: .better,
            leaderOrder: [1, 0, 2, 3].map { ReplicaIndex($0) }, heavy: group.view.heavyMembers,
            predictions: .init(current: 9, best: 5, median: 7, worst: 9))
    }

    @Test("A change is due at k·c + D; until it is calculated it is pending, and what belongs elsewhere is ignored")
    func boardAndDue() throws {
        let group = try group(n: 4)
        group.calculate = { _ in nil }
        let session = group.openSession(client)
        group.order(client, session, 1...65)
        #expect(group.view.settings.dueDistance == 15)
        #expect(group.nodes[1].core.dueOutcome(at: due) == .pending)
        for other in [60, 74, 76, 136] as [UInt64] {
            #expect(group.nodes[1].core.dueOutcome(at: Instance(other)) == .nothing)
        }
        for wrong in [outcome(group, at: 120), outcome(group, at: 60, view: ViewNumber(2))] {
            group.step(1, .calculated(wrong))
            #expect(group.nodes[1].core.dueOutcome(at: due) == .pending)
        }
        let right = outcome(group, at: 60)
        group.step(1, .calculated(right))
        #expect(group.nodes[1].core.dueOutcome(at: due) == .change(right))
        #expect(group.nodes[1].core.calculationHistory.map(\.outcome) == [right])
        #expect(group.nodes[1].core.calculationHistory.first?.input == group.nodes[1].calculations.first)
    }

    @Test("Nothing is due where nothing changes")
    func nothingDue() throws {
        var board = CalculationBoard()
        let view = try Samples.view()
        let due = Instance(500) + view.settings.dueDistance
        #expect(board.due(at: due.next, in: view, after: .zero) == .nothing)
        #expect(board.due(at: due, in: view, after: .zero) == .pending)
        #expect(board.due(at: due, in: view, after: Instance(500)) == .nothing, "of the view before")
        for reason in CalculationOutcome.Reason.allCases {
            board.begin(input(at: 500, reports: Int(reason.rawValue)))
            #expect(board.due(at: due, in: view, after: .zero) == .pending)
            let outcome = CalculationOutcome(
                view: .genesis, instance: Instance(500), reason: reason, leaderOrder: [], heavy: view.heavyMembers,
                predictions: .init(current: nil, best: nil, median: nil, worst: nil))
            board.note(outcome)
            let isChange = [.better, .needed, .suspected, .unpaid].contains(reason)
            #expect(board.due(at: due, in: view, after: .zero) == (isChange ? .change(outcome) : .nothing))
        }
        #expect(board.history.count == CalculationOutcome.Reason.allCases.count)
    }

    private func input(at instance: UInt64, reports: Int = 0) -> CalculationInput {
        CalculationInput(
            view: .genesis, instance: Instance(instance), leader: ReplicaID(0), excluded: [],
            reports: Array(repeating: nil, count: reports))
    }

    @Test("A change that was due when a member left is void, and its places are not looked up among fewer members")
    func memberLeft() throws {
        var board = CalculationBoard()
        let view = try Samples.view(n: 5)
        board.begin(input(at: 500))
        board.note(
            CalculationOutcome(
                view: .genesis, instance: Instance(500), reason: .better,
                leaderOrder: (0..<5).reversed().map { ReplicaIndex($0) }, heavy: view.heavyMembers,
                predictions: .init(current: 2, best: 1, median: 1, worst: 1)))
        let next = try view.successor(
            Reconfiguration(after: view, .remove(ReplicaID(4)), shares: [Samples.administrator]))
        board.begin(next)
        #expect(board.history.map(\.fate) == [.void])
    }

    @Test("The past is remembered within bounds")
    func history() throws {
        var board = CalculationBoard()
        let view = try Samples.view()
        for number in 1...40 as ClosedRange<UInt64> {
            board.begin(input(at: number))
            board.note(
                CalculationOutcome(
                    view: .genesis, instance: Instance(number), reason: .goodEnough, leaderOrder: [],
                    heavy: view.heavyMembers, predictions: .init(current: 1, best: 1, median: 1, worst: 1)))
        }
        #expect(board.history.map(\.input.instance.rawValue) == Array(25...40))
        #expect(board.input(after: Instance(39) + view.settings.dueDistance, in: view) != nil)
        #expect(board.input(after: Instance(40) + view.settings.dueDistance, in: view) == nil)
    }
}
