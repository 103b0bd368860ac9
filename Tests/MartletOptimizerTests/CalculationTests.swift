// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletOptimizer
import MartletTypes
import Testing

/// From reports to who should lead and be heavy (adaptation §6).
@Suite("Calculations")
struct CalculationTests {
    /// AWARE's five regions, one way in microseconds: 0 Oregon, 1 Ireland, 2 Sydney, 3 São Paulo, 4 Virginia. Made up here but
    /// for their order of size.
    private static let regions: [[UInt32]] = [
        [0, 64_000, 70_000, 91_000, 35_000],
        [64_000, 0, 129_000, 92_000, 38_000],
        [70_000, 129_000, 0, 158_000, 99_000],
        [91_000, 92_000, 158_000, 0, 57_000],
        [35_000, 38_000, 99_000, 57_000, 0],
    ]

    private func view(heavy: [Int], goal: Int = 1_020, order: [Int] = [0, 1, 2, 3, 4]) throws -> View {
        var settings = GroupSettings()
        settings.goalPermille = goal
        let members = (0..<5).map { place in
            Member(
                id: ReplicaID(UInt16(10 + place)), key: PublicKey(words: Words32(UInt64(place), 1, 1, 1)), host: "h",
                port: 1 + place, isHeavy: heavy.contains(place))
        }
        return try View(
            group: .zero, number: ViewNumber(3), faultModel: .byzantine, f: 1, members: members,
            leaderOrder: order.map { members[$0].id }, settings: settings)
    }

    private func changed(after instance: UInt64) -> Experience {
        var experience = Experience()
        experience.changed = Instance(instance)
        return experience
    }

    private func input(
        leader: Int, excluded: [Int] = [], missing: Set<Int> = [], base: UInt64 = 0,
        change: (Int, Int, UInt32) -> UInt32 = { $2 }
    ) -> CalculationInput {
        let reports = (0..<5).map { row -> LatencyReport? in
            guard !missing.contains(row) else { return nil }
            let latencies = (0..<5).map { column in
                missing.contains(column)
                    ? LinkLatency.missing : LinkLatency(change(row, column, Self.regions[row][column]))
            }
            return LatencyReport(proposals: latencies, votes: latencies)
        }
        return CalculationInput(
            view: ViewNumber(3), instance: Instance(500), leader: ReplicaID(UInt16(10 + leader)),
            excluded: excluded.map { ReplicaID(UInt16(10 + $0)) }, reports: reports, experience: changed(after: base))
    }

    /// c = 500.
    @Test("A view that has only begun is not left for a better one, but it is when it needs who is missing")
    func tooSoon() throws {
        let view = try view(heavy: [2, 3], order: [2, 0, 1, 3, 4])
        for (base, reason) in [(0, .better), (1, .tooSoon), (375, .tooSoon)] as [(UInt64, CalculationOutcome.Reason)] {
            let outcome = Calculation.outcome(of: input(leader: 2, base: base), in: view)
            #expect(outcome.reason == reason && outcome.isChange == (reason == .better))
        }
        let later = CalculationInput(
            view: ViewNumber(3), instance: Instance(1_000), leader: ReplicaID(12), excluded: [],
            reports: input(leader: 2).reports, experience: changed(after: 375))
        #expect(Calculation.outcome(of: later, in: view).reason == .better)
        // The leader's own links are gone.
        let needed = Calculation.outcome(
            of: input(leader: 2, base: 375) { row, column, latency in
                row == 2 || column == 2 ? LinkLatency.missing.rawValue : latency
            }, in: view)
        #expect(needed.reason == .needed && needed.isChange)
    }

    @Test("A bad configuration is left for the best, which the optimiser finds from the sanitised matrix")
    func best() throws {
        let view = try view(heavy: [2, 3], order: [2, 0, 1, 3, 4])
        let outcome = Calculation.outcome(of: input(leader: 2), in: view)
        #expect(outcome.reason == .better && outcome.isChange)
        #expect(outcome.view == ViewNumber(3) && outcome.instance == Instance(500))
        let links = LinkLatencies(Self.regions.map { row in row.map { Latency(UInt64($0)) } })
        let model = LatencyModel(rule: view.quorum, propose: links, vote: links)
        let search = Optimizer(model: model, ids: view.members.map(\.id)).search(
            current: WeightAssignment(leader: ReplicaIndex(2), heavy: view.heavyMembers))
        let best = try #require(search.best)
        #expect(outcome.heavy == best.assignment.heavy && outcome.leaderOrder.first == best.assignment.leader)
        #expect(outcome.predictions.best == best.latency.rawValue)
        let (current, median, worst) = (
            outcome.predictions.current, outcome.predictions.median, outcome.predictions.worst
        )
        #expect(try #require(current) > best.latency.rawValue)
        #expect(try #require(median) <= #require(worst))
        #expect(outcome.leaderOrder.map(\.position).sorted() == [0, 1, 2, 3, 4])
        #expect(Calculation.outcome(of: input(leader: 2), in: view) == outcome)
    }

    @Test("What is good enough stays, whoever led in which order")
    func goodEnough() throws {
        let before = Calculation.outcome(of: input(leader: 2), in: try view(heavy: [2, 3], order: [2, 0, 1, 3, 4]))
        let leader = try #require(before.leaderOrder.first).position
        let chosen = try view(heavy: before.heavy.map(\.position), order: before.leaderOrder.map(\.position))
        // By less than the goal, for some other.
        let outcome = Calculation.outcome(
            of: input(leader: leader) { row, column, latency in row == leader ? latency + latency / 100 : latency },
            in: chosen)
        #expect(outcome.reason == .goodEnough && !outcome.isChange)
        #expect(outcome.heavy == before.heavy && outcome.leaderOrder.first == before.leaderOrder.first)
    }

    @Test("Who reported nothing is neither heavy nor leader, and the weight goes to who did", arguments: 0...4)
    func silent(place: Int) throws {
        let heavy = [place, (place + 1) % 5]
        let view = try view(heavy: heavy, order: [(place + 1) % 5] + (0..<5).filter { $0 != (place + 1) % 5 })
        let outcome = Calculation.outcome(of: input(leader: (place + 1) % 5, missing: [place]), in: view)
        #expect(outcome.reason == .better)
        #expect(!outcome.heavy.contains(ReplicaIndex(place)))
        #expect(outcome.leaderOrder.first != ReplicaIndex(place))
        #expect(outcome.heavy.count == 2)
    }

    @Test("Who was replaced as leader is not chosen, though it be the best; it may be heavy")
    func excluded() throws {
        let view = try view(heavy: [2, 3], order: [2, 0, 1, 3, 4])
        let best = try #require(Calculation.outcome(of: input(leader: 2), in: view).leaderOrder.first)
        let outcome = Calculation.outcome(of: input(leader: 2, excluded: [best.position]), in: view)
        #expect(outcome.isChange)
        #expect(outcome.leaderOrder.first != best && outcome.leaderOrder.last == best)
    }

    @Test("If nothing is known, or a quorum is missing, nothing changes")
    func nothing() throws {
        let view = try view(heavy: [2, 3], order: [2, 0, 1, 3, 4])
        for missing in [[0, 1, 2, 3, 4], [1, 2, 3, 4], [0, 1, 2], [2, 3, 4]] as [Set<Int>] {
            let outcome = Calculation.outcome(of: input(leader: 2, missing: missing), in: view)
            #expect(outcome.reason == .nothingPossible && !outcome.isChange)
            #expect(outcome.heavy == view.heavyMembers && outcome.leaderOrder.first == ReplicaIndex(2))
            #expect(outcome.predictions.best == nil)
        }
    }

    @Test("A liar that says it is near to all gains nothing beside correct members' reports")
    func lowReports() throws {
        let view = try view(heavy: [2, 3], order: [2, 0, 1, 3, 4])
        let honest = Calculation.outcome(of: input(leader: 2), in: view)
        for liar in 0..<5 {
            let lied = Calculation.outcome(
                of: input(leader: 2) { row, _, latency in row == liar ? 0 : latency }, in: view)
            #expect(lied == honest)
        }
    }

    @Test("A liar that says others are far away is far away itself", arguments: 0...4)
    func highReports(liar: Int) throws {
        let view = try view(heavy: [2, 3], order: [2, 0, 1, 3, 4])
        let outcome = Calculation.outcome(
            of: input(leader: 2) { row, column, latency in
                row == liar && column != liar ? 3_000_000_000 : latency
            }, in: view)
        #expect(!outcome.heavy.contains(ReplicaIndex(liar)) && outcome.isChange)
        #expect(try #require(outcome.predictions.best) < 1_000_000)
    }
}
