// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletOptimizer

@Suite struct OptimizerTests {
    private static func optimizer(goalPermille: UInt64 = 1_020, ids: [Int] = [0, 1, 2, 3, 4]) -> Optimizer {
        Optimizer(
            model: FiveRegions.model, ids: ids.map { ReplicaID(UInt16($0)) }, goalPermille: goalPermille)
    }

    /// Six assignments are equally good.
    @Test(arguments: [
        // The current leader stays, and the smaller heavy set is taken of two that change as much.
        (WeightAssignment(1, 2), WeightAssignment(1, 0)), (WeightAssignment(4, 3), WeightAssignment(4, 0)),
        // Then the fewest changes: 0 and 1 are heavy already in none, 4 in this one.
        (WeightAssignment(3, 4), WeightAssignment(0, 4)), (WeightAssignment(2, 1), WeightAssignment(0, 1)),
        (WeightAssignment(2, 3), WeightAssignment(0, 1)),
        // What is best already stays.
        (WeightAssignment(1, 4), WeightAssignment(1, 4)), (WeightAssignment(4, 1), WeightAssignment(4, 1)),
    ])
    func equalsAreToldApart(current: WeightAssignment, chosen: WeightAssignment) {
        let decision = Self.optimizer().decide(current: current, seed: 0)
        #expect(decision.chosen == chosen && decision.isChange == (current != chosen))
        #expect(decision.outcome.best?.assignment == chosen)
    }

    @Test func idsAndNotPlacesBreakTies() {
        #expect(Self.optimizer(ids: [9, 8, 7, 6, 5]).search().best?.assignment == WeightAssignment(4, 1))
    }

    /// ⟨3, 4⟩ is predicted 1.3777 times as slow as the best.
    @Test(arguments: [(1_000, true), (1_377, true), (1_378, false), (2_000, false)])
    func aChangeMustPay(goalPermille: UInt64, isChange: Bool) {
        let decision = Self.optimizer(goalPermille: goalPermille).decide(current: WeightAssignment(3, 4), seed: 0)
        #expect(decision.isChange == isChange)
        #expect(isChange || decision.chosen == WeightAssignment(3, 4))
        #expect(decision.current.latency.rawValue / 10 == 19_772)
    }

    /// ⟨3, 4⟩ is predicted 54,207 µs slower than the best.
    @Test(arguments: [(54_000, true), (54_500, false)])
    func aChangeMustPayInMicrosecondsToo(goal: UInt64, isChange: Bool) {
        let optimizer = Optimizer(model: FiveRegions.model, ids: FiveRegions.ids, goalMicroseconds: goal)
        #expect(optimizer.decide(current: WeightAssignment(3, 4), seed: 0).isChange == isChange)
    }

    /// Else who keeps a member's report from being ordered in time could have the weights changed for nothing.
    @Test func whoMayNotBeChosenAnyMoreIsNotReplacedForNothing() {
        let honest = ReplicaSet([0, 1, 2, 3].map { ReplicaIndex($0) })
        let optimizer = Optimizer(
            model: FiveRegions.model, ids: FiveRegions.ids, mayLead: honest, mayBeHeavy: honest)
        let decision = optimizer.decide(current: WeightAssignment(0, 4), seed: 0)
        #expect(!decision.isChange && decision.current.latency.rawValue / 10 == 14_352)
    }

    @Test func aCrashedHeavyReplicaLosesItsWeight() {
        var rows = (0..<5).map { from in
            (0..<5).map { FiveRegions.links[from: ReplicaIndex(from), to: ReplicaIndex($0)] }
        }
        for other in [0, 2, 3, 4] { (rows[1][other], rows[other][1]) = (.missing, .missing) }
        let links = LinkLatencies(sanitizing: rows)
        let model = LatencyModel(rule: FiveRegions.rule, propose: links, vote: links)
        let decision = Optimizer(model: model, ids: FiveRegions.ids).decide(current: WeightAssignment(0, 1), seed: 0)
        #expect(decision.isChange && !decision.chosen.heavy.contains(ReplicaIndex(1)))
        #expect(decision.current.latency > decision.outcome.best?.latency ?? .missing)
        #expect(decision.leaderOrder.last == ReplicaIndex(1))
    }

    @Test(arguments: 0..<20)
    func theNextBestIsNext(seed: UInt64) throws {
        let group = DrawnGroup(seed: seed)
        let optimizer = Optimizer(model: group.model(), ids: group.ids)
        let best = try #require(optimizer.search().best?.assignment)
        let order = optimizer.leaderOrder(of: best)
        #expect(order.first == best.leader && Set(order).count == group.rule.n)
        let latencies = order.dropFirst().map {
            group.naive.consensus(WeightAssignment(leader: $0, heavy: best.heavy)) ?? .max
        }
        #expect(latencies == latencies.sorted())
    }

    @Test func oneReplicaLeadsItself() {
        let rule = QuorumRule(faultModel: .byzantine, n: 1, f: 0)
        let links = LinkLatencies([[0]])
        let optimizer = Optimizer(
            model: LatencyModel(rule: rule, propose: links, vote: links), ids: [ReplicaID(7)])
        let only = WeightAssignment(leader: ReplicaIndex(0), heavy: ReplicaSet())
        for method in SearchMethod.allCases {
            #expect(optimizer.search(by: method).best == Candidate(only, .zero))
        }
        let decision = optimizer.decide(current: only, seed: 0)
        #expect(!decision.isChange && decision.leaderOrder == [ReplicaIndex(0)])
    }
}

@Suite struct QuorumSizeTests {
    @Test func agreeWithEverySetOfVoters() {
        for model in FaultModel.allCases {
            for f in 1...2 {
                for n in model.membersMin(f: f)...9 { Self.check(QuorumRule(faultModel: model, n: n, f: f)) }
            }
        }
    }

    private static func check(_ rule: QuorumRule) {
        let weights = (0..<rule.n).map { ($0 < rule.heavyCount ? rule.heavyWeight : rule.lightWeight).rawValue }
        let weigh = { (bits: Int) in weights.indices.filter { bits >> $0 & 1 == 1 }.map { weights[$0] }.reduce(0, +) }
        let quorum = rule.quorumWeight.rawValue
        var (smallest, largest) = (Int.max, 0)
        for bits in 0..<(1 << rule.n) as Range<Int> where weigh(bits) >= quorum {
            smallest = min(smallest, bits.nonzeroBitCount)
            // A quorum of which each member is needed.
            let isMinimal = weights.indices.allSatisfy { bits >> $0 & 1 == 0 || weigh(bits ^ 1 << $0) < quorum }
            if isMinimal { largest = max(largest, bits.nonzeroBitCount) }
        }
        let sizes = QuorumSizes(rule)
        #expect(sizes.smallest == smallest && sizes.largest == largest, "\(rule)")
        // Two of the equal quorums share one member more than may lie, and one voter less would not do.
        let liars = rule.faultModel == .byzantine ? rule.f : 0
        #expect(2 * sizes.equal - rule.n > liars && 2 * (sizes.equal - 1) - rule.n <= liars)
        #expect(sizes.equal <= rule.n - rule.f)
    }
}
