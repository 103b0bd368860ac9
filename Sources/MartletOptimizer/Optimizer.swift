// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Chooses who leads a group and who is heavy (adaptation §5): pure, and in whole numbers, so that all replicas that have
/// the same measurements choose the same.
package struct Optimizer: Sendable {
    /// By how much a change must pay, in parts of a thousand: 1,020 asks the current assignment to be predicted more than
    /// 2 % above the best.
    package static let goalPermilleDefault: UInt64 = 1_020
    package static let goalPermilleMax: UInt64 = 10_000
    /// Up to so many candidates · n² all candidates are looked at: about half a second.
    static let exhaustiveWorkMax: UInt64 = 16_000_000

    package let model: LatencyModel
    package let space: WeightAssignments
    /// The replicas' ids, by position.
    package let ids: [ReplicaID]
    private let goalPermille: UInt64
    private let goalMicroseconds: UInt64

    package init(
        model: LatencyModel, ids: [ReplicaID], mayLead: ReplicaSet? = nil, mayBeHeavy: ReplicaSet? = nil,
        rejected: [WeightAssignment] = [],
        goalPermille: UInt64 = goalPermilleDefault, goalMicroseconds: UInt64 = 0
    ) {
        precondition(ids.count == model.rule.n, "each replica has one id")
        precondition((1_000...Self.goalPermilleMax).contains(goalPermille), "a goal is at least 1,000")
        self.model = model
        self.ids = ids
        self.goalPermille = goalPermille
        self.goalMicroseconds = goalMicroseconds
        space = WeightAssignments(rule: model.rule, mayLead: mayLead, mayBeHeavy: mayBeHeavy, rejected: rejected)
    }

    /// Whether to change the current assignment, and into what. `seed` matters only where there are too many candidates
    /// to look at all of them: the instance's number. With `isToLeave` the current assignment is left for any that is
    /// possible, and for the preferred one if that is.
    package func decide(
        current: WeightAssignment, seed: UInt64, isToLeave: Bool = false, preferring preferred: WeightAssignment? = nil
    ) -> OptimizerDecision {
        let outcome = search(current: current, seed: seed)
        var predictor = ObjectivePredictor(model)
        // Also where it could not be chosen any more: who is missing costs it only what it costs.
        let now = predictor.latency(of: current)
        var chosen = current
        if let best = outcome.best, isToLeave ? !best.latency.isMissing : isWorthIt(from: now, to: best.latency) {
            chosen = best.assignment
        }
        if isToLeave, let preferred, space.contains(preferred), !predictor.latency(of: preferred).isMissing {
            chosen = preferred
        }
        return OptimizerDecision(
            current: Candidate(current, now), chosen: chosen, leaderOrder: leaderOrder(of: chosen), outcome: outcome)
    }

    /// The best candidate, without regard to how little it may gain.
    package func search(
        current: WeightAssignment? = nil, seed: UInt64 = 0, by method: SearchMethod? = nil
    ) -> SearchOutcome {
        let preference = Preference(current: current, ids: ids)
        switch method ?? methodThatFits {
        case .exhaustive:
            var search = ExhaustiveSearch(model, space, preference)
            return search.run()
        case .heuristic:
            var search = AnnealingSearch(model, space, preference, current: current, seed: seed)
            return search.run()
        }
    }

    /// Who leads after whom: the assignment's leader, then the others by the prediction with them as leader and the same
    /// weights, then those that may not be chosen as leaders.
    package func leaderOrder(of assignment: WeightAssignment) -> [ReplicaIndex] {
        var predictor = ObjectivePredictor(model)
        let preference = Preference(current: nil, ids: ids)
        var others: [(isLast: Bool, latency: Latency, rank: Int, replica: ReplicaIndex)] = []
        for position in 0..<model.rule.n where position != assignment.leader.position {
            let replica = ReplicaIndex(position)
            let latency = predictor.latency(of: WeightAssignment(leader: replica, heavy: assignment.heavy))
            others.append((!space.mayLead(replica), latency, preference.rank(of: replica), replica))
        }
        others.sort { left, right in
            left.isLast != right.isLast
                ? right.isLast : (left.latency, left.rank) < (right.latency, right.rank)
        }
        return [assignment.leader] + others.map(\.replica)
    }

    package var methodThatFits: SearchMethod {
        let size = UInt64(model.rule.n * model.rule.n)
        return space.count <= Self.exhaustiveWorkMax / size ? .exhaustive : .heuristic
    }

    /// So that noise does not make the group change to and fro.
    private func isWorthIt(from now: Latency, to best: Latency) -> Bool {
        guard !best.isMissing else { return false }
        guard !now.isMissing else { return true }
        return now.rawValue * 1_000 > best.rawValue * goalPermille && now.rawValue >= best.rawValue + goalMicroseconds
    }
}

/// What the optimiser decided, and why.
package struct OptimizerDecision: Hashable, Sendable {
    /// The assignment as it was, with what was predicted for it; missing when it needs who is missing.
    package let current: Candidate
    /// The assignment as it shall be: the current one, or the best.
    package let chosen: WeightAssignment
    package let leaderOrder: [ReplicaIndex]
    package let outcome: SearchOutcome

    package var isChange: Bool { chosen != current.assignment }
}
