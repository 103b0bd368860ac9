// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Testing

/// What may befall a group between a calculation and the view that comes of it (adaptation §6).
@Suite("Trouble while what was calculated is installed")
struct InstallingTroubleTests {
    private let client = Samples.client(1)
    /// c = 60, W = 4: what is calculated after 60 is due after 75.
    private let calculated = Instance(60)
    private let due = Instance(75)
    private let second = Epoch(view: ViewNumber(2), regency: .first)
    private let group: Group
    private let session: SessionID

    /// Members 0 and 1 weigh 2, a quorum 5; members 3 and 4 shall be heavy, and 4 lead.
    init() throws {
        var settings = GroupSettings()
        settings.window = 4
        settings.checkpointPeriod = 16
        settings.measuringPermille = 1_000
        settings.calculationPeriod = 60
        group = Group(view: try Samples.view(n: 5, settings: settings))
        group.drawNumbers()
        group.calculate = { task in
            let leaderOrder = [4, 3, 0, 1, 2].map { ReplicaIndex($0) }
            return CalculationOutcome(
                view: task.view.number, instance: task.input.instance,
                reason: task.view.leaderOrder == leaderOrder ? .goodEnough : .better, leaderOrder: leaderOrder,
                heavy: ReplicaSet([3, 4].map { ReplicaIndex($0) }),
                predictions: .init(current: 9, best: 5, median: 7, worst: 9))
        }
        session = group.openSession(client)
    }

    /// Whether anybody has decided that instance.
    private func isReached(_ instance: Instance) -> Bool {
        group.nodes.contains { $0.core.status.decided >= instance }
    }

    /// Nobody executes in the old view what comes after it, nor in the new one what came before.
    private func checkEnds(_ places: [Int]) {
        for place in places {
            #expect(group.nodes[place].executions.allSatisfy { ($0.epoch.view == .genesis) == ($0.instance <= due) })
            #expect(group.nodes[place].certificates.map(\.last) == [due])
            #expect(group.executed(place) == group.executed(places[0]))
        }
    }

    // MARK: Partitions

    @Test(
        "A partition during the due instance in which no side is a quorum: all go on together when it heals",
        arguments: [[0, 1], [0, 2, 3], [1, 2, 4]])
    func partition(side: [Int]) {
        var isHealed = false
        group.passes = { parcel in
            isHealed || !isReached(due.previous) || side.contains(parcel.from) == side.contains(parcel.to)
        }
        group.order(client, session, 1...75)
        group.pass(milliseconds: 10_000)
        #expect(group.nodes.allSatisfy { $0.core.status.decided < due })
        #expect(group.nodes.contains { $0.notices.contains { if case .stopSent = $0 { true } else { false } } })
        isHealed = true
        group.pass(milliseconds: 10_000)
        group.order(client, session, 76...100)
        group.pass(milliseconds: 3_000)
        for place in 0..<5 { #expect(group.status(place).epoch.view == second.view) }
        #expect(group.executed(0).count == 100)
        checkEnds(Array(0..<5))
    }

    /// By the weights of the new view those on the other side would be heavy.
    @Test("A quorum goes on without the two that are cut off; these form none in the old view, and follow")
    func minority() {
        var isHealed = false
        let cut = [2, 3]
        group.passes = { parcel in
            isHealed || !isReached(due.previous) || cut.contains(parcel.from) == cut.contains(parcel.to)
        }
        group.order(client, session, 1...75)
        group.pass(milliseconds: 10_000)
        group.order(client, session, 76...100)
        for place in [0, 1, 4] { #expect(group.status(place).epoch.view == second.view) }
        for place in cut {
            #expect(group.status(place).epoch.view == .genesis && group.status(place).decided < due)
        }
        isHealed = true
        group.pass(milliseconds: 5_000)
        group.order(client, session, 101...120)
        group.pass(milliseconds: 3_000)
        for place in 0..<5 {
            #expect(group.status(place).epoch.view == second.view && group.status(place).mode == .voter)
        }
        #expect(group.executed(0).count == 120)
        checkEnds(Array(0..<5))
    }

    // MARK: Crashes

    @Test("Whoever is to lead the new view dies when the first has ended the old one", arguments: [0, 4])
    func newLeaderDies(first: Int) {
        group.passes = { [group] parcel in
            if group.nodes[first].certificates.isEmpty == false { group.nodes[4].isUp = false }
            return true
        }
        group.order(client, session, 1...90)
        group.pass(milliseconds: 10_000)
        group.order(client, session, 91...110)
        #expect(!group.nodes[4].isUp)
        for place in 0..<4 {
            #expect(group.status(place).epoch.view == second.view && group.status(place).leader != ReplicaID(4))
            #expect(group.executed(place).count == 110)
        }
        checkEnds(Array(0..<4))
    }

    @Test("A replica that has told some of the next view dies", arguments: 0..<5)
    func diesTelling(dead: Int) {
        var told = 0
        group.passes = { [group] parcel in
            guard parcel.from == dead, case .install = parcel.message else { return true }
            told += 1
            if told == 2 { group.nodes[dead].isUp = false }
            return told < 2
        }
        group.order(client, session, 1...90)
        group.pass(milliseconds: 10_000)
        group.order(client, session, 91...110)
        #expect(told >= 2 && !group.nodes[dead].isUp)
        let alive = (0..<5).filter { $0 != dead }
        for place in alive {
            #expect(group.status(place).epoch.view == second.view)
            #expect(group.executed(place).count == 110)
        }
        checkEnds(alive)
    }

    // MARK: Regencies

    @Test("Who learns the calculation's instance in another regency than the others calculates the same")
    func anotherRegency() throws {
        group.passes = { parcel in
            guard case .accept(let vote) = parcel.message, vote.instance == calculated else { return true }
            return parcel.to == 2 || vote.epoch.regency > .first
        }
        group.order(client, session, 1...62)
        group.pass(milliseconds: 10_000)
        group.order(client, session, 63...110)
        let regencies = try (0..<5).map { place in
            try #require(group.nodes[place].executions.first { $0.instance == calculated }).epoch.regency
        }
        #expect(regencies[2] == .first && [0, 1, 3, 4].allSatisfy { regencies[$0] > .first })
        let inputs = group.nodes.map { node in node.calculations.filter { $0.instance == calculated } }
        #expect(inputs[0].count == 1 && inputs.allSatisfy { $0 == inputs[0] })
        #expect(inputs[0].first?.leader == ReplicaID(0) && inputs[0].first?.regency == .first)
        for place in 0..<5 { #expect(group.status(place).epoch == second) }
        #expect(group.executed(0).count == 110)
        checkEnds(Array(0..<5))
    }

    @Test("A leader change by timeout at the due instance: the new view begins in its own first regency")
    func timeoutAtDue() {
        group.passes = { parcel in
            guard case .write(let vote) = parcel.message, vote.instance == due else { return true }
            return vote.epoch.regency > .first
        }
        group.order(client, session, 1...75)
        group.pass(milliseconds: 10_000)
        for place in 0..<5 {
            #expect(group.nodes[place].executions.last { $0.epoch.view == .genesis }?.epoch.regency != .first)
            #expect(group.status(place).epoch == second && group.status(place).leader == ReplicaID(4))
        }
        group.order(client, session, 76...100)
        #expect(group.executed(0).count == 100)
        checkEnds(Array(0..<5))
    }
}
