// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@testable import MartletCore

/// What is calculated after instance 500 is due after 625 (c = 500).
@Suite("Calculations: the same everywhere, and a view where they change anything")
struct CalculationCheckerTests {
    private let first: View
    private let second: View
    private let input = CalculationInput(
        view: .genesis, instance: Instance(500), leader: ReplicaID(0), excluded: [],
        reports: Array(repeating: nil, count: 5))

    init() throws {
        first = try QuorumCheckerTests.view()
        second = try first.successor(
            ViewPlan(
                heavy: [2, 3].map { ReplicaID($0) }, leaderOrder: [3, 0, 1, 2, 4].map { ReplicaID($0) },
                settings: first.settings))
    }

    private func outcome(_ reason: CalculationOutcome.Reason = .better, heavy: [Int] = [2, 3]) -> CalculationOutcome {
        CalculationOutcome(
            view: .genesis, instance: Instance(500), reason: reason,
            leaderOrder: [3, 0, 1, 2, 4].map { ReplicaIndex($0) }, heavy: ReplicaSet(heavy.map { ReplicaIndex($0) }),
            predictions: .init(current: 9, best: 5, median: 7, worst: 9))
    }

    private func checker(_ outcome: CalculationOutcome? = nil) -> CalculationChecker {
        var checker = CalculationChecker()
        #expect(checker.calculated(input, outcome ?? self.outcome(), in: first, by: 0, at: .zero) == nil)
        return checker
    }

    private func proof(last: UInt64) -> ViewCertificate {
        ViewCertificate(view: .genesis, last: Instance(last), next: second, shares: [])
    }

    private func execution(_ instance: UInt64, view: View, _ verdict: ExecutionVerdict? = nil) -> Execution {
        let request = Sample.request(1)
        let steps = verdict.map { [ExecutionStep(request: request, digest: Sample.digest(0), verdict: $0)] } ?? []
        return Execution(
            epoch: Epoch(view: view.number, regency: .first), instance: Instance(instance), digest: Sample.digest(0),
            time: Timestamp(1), steps: steps)
    }

    @Test("two replicas that calculate differently, or from something else")
    func differing() {
        var checker = checker()
        #expect(checker.calculated(input, outcome(), in: first, by: 1, at: .zero) == nil)
        #expect(checker.calculated(input, outcome(heavy: [1, 3]), in: first, by: 1, at: .zero)?.rule == .agreement)
        let other = CalculationInput(
            view: .genesis, instance: Instance(500), leader: ReplicaID(1), excluded: [], reports: input.reports)
        #expect(checker.calculated(other, outcome(), in: first, by: 2, at: .zero)?.rule == .agreement)
        #expect(checker.count == 1 && checker.changes == 1)
    }

    @Test("an instance beyond the one that a change is due at, executed in the view that was to end")
    func beyond() {
        let checker = checker()
        #expect(checker.executed(execution(625, view: first), by: 0, at: .zero) == nil)
        #expect(checker.executed(execution(626, view: second), by: 0, at: .zero) == nil)
        #expect(checker.executed(execution(626, view: first), by: 0, at: .zero)?.rule == .views)
        let same = self.checker(outcome(.goodEnough))
        #expect(same.executed(execution(626, view: first), by: 0, at: .zero) == nil)
    }

    @Test("a view that nobody asked for and that was not calculated, or not for there")
    func unasked() {
        var right = checker()
        #expect(right.proved(proof(last: 625), after: first, at: .zero) == nil)
        #expect(right.installed == 1)
        var early = checker()
        #expect(early.proved(proof(last: 624), after: first, at: .zero)?.rule == .views)
        var unchanged = checker(outcome(.goodEnough))
        #expect(unchanged.proved(proof(last: 625), after: first, at: .zero)?.rule == .views)
        var another = checker(outcome(heavy: [1, 3]))
        #expect(another.proved(proof(last: 625), after: first, at: .zero)?.rule == .views)
        var refused = checker()
        refused.decided(execution(624, view: first, .reconfigure(.refused("no"))))
        #expect(refused.proved(proof(last: 624), after: first, at: .zero)?.rule == .views)
        var asked = checker()
        asked.decided(execution(624, view: first, .reconfigure(.follows(second.number))))
        #expect(asked.proved(proof(last: 624), after: first, at: .zero) == nil)
        #expect(asked.installed == 0)
    }

    // MARK: Suspicions

    /// Of all members, the accusers finding member 4 late; suspect until then, where it is.
    private func input(at instance: UInt64, accusers: Int, suspectUntil: UInt64 = 0) -> CalculationInput {
        let row = Array(repeating: LinkLatency(5), count: 5)
        var experience = Experience()
        experience.suspicions = [
            Suspicion(
                replica: ReplicaID(4), accusations: [Instance(instance)], accusers: 2, times: suspectUntil > 0 ? 1 : 0,
                until: Instance(suspectUntil))
        ]
        return CalculationInput(
            view: .genesis, instance: Instance(instance), leader: ReplicaID(0), excluded: [],
            reports: (0..<5).map { place in
                LatencyReport(
                    proposals: row, votes: row,
                    late: place < accusers ? ReplicaSet([ReplicaIndex(4)]) : ReplicaSet())
            }, experience: experience)
    }

    private func outcome(at instance: UInt64, heavy: [Int]) -> CalculationOutcome {
        CalculationOutcome(
            view: .genesis, instance: Instance(instance), reason: .better,
            leaderOrder: ([heavy[0]] + (0..<5).filter { $0 != heavy[0] }).map { ReplicaIndex($0) },
            heavy: ReplicaSet(heavy.map { ReplicaIndex($0) }),
            predictions: .init(current: 9, best: 5, median: 7, worst: 9))
    }

    @Test("a member that becomes suspect by the word of f")
    func fewAccusers() {
        for (accusers, isRight) in [(2, true), (1, false)] {
            var checker = CalculationChecker()
            let before = input(at: 500, accusers: 2)
            #expect(checker.calculated(before, outcome(at: 500, heavy: [0, 1]), in: first, by: 0, at: .zero) == nil)
            let now = input(at: 1_000, accusers: accusers, suspectUntil: 9_000)
            let found = checker.calculated(now, outcome(at: 1_000, heavy: [0, 1]), in: first, by: 0, at: .zero)
            #expect((found == nil) == isRight)
            #expect(checker.suspected.count == 1)
        }
    }

    @Test("a suspect that is chosen though all others are there")
    func suspectChosen() {
        for (heavy, isRight) in [([0, 1], true), ([0, 4], false), ([4, 0], false)] {
            var checker = CalculationChecker()
            let now = input(at: 1_000, accusers: 2, suspectUntil: 9_000)
            let found = checker.calculated(now, outcome(at: 1_000, heavy: heavy), in: first, by: 0, at: .zero)
            #expect((found == nil) == isRight)
        }
    }
}
