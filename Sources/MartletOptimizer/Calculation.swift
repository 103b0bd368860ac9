// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// From what the members of a view have reported to who should lead it and be heavy (adaptation §6). A pure function, so that
/// all members get the same.
package enum Calculation {
    /// The input must be of that view.
    package static func outcome(of input: CalculationInput, in view: View) -> CalculationOutcome {
        precondition(input.view == view.number && input.reports.count == view.n, "an input of another view")
        let optimizer = optimizer(for: input, in: view)
        guard let leader = view.index(of: input.leader) else { preconditionFailure("the leader is no member") }
        let current = WeightAssignment(leader: leader, heavy: view.heavyMembers)
        let decision = optimizer.decide(current: current, seed: input.instance.rawValue)
        return CalculationOutcome(
            view: input.view, instance: input.instance, reason: reason(of: decision, input, view),
            leaderOrder: decision.leaderOrder, heavy: decision.chosen.heavy,
            predictions: CalculationOutcome.Predictions(
                current: decision.current.latency.microseconds, best: decision.outcome.best?.latency.microseconds,
                median: decision.outcome.survey?.median.microseconds,
                worst: decision.outcome.survey?.worst.microseconds))
    }

    private static func optimizer(for input: CalculationInput, in view: View) -> Optimizer {
        let model = LatencyModel(
            rule: view.quorum, propose: matrix(input, \.proposals), vote: matrix(input, \.votes))
        let excluded = input.excluded.compactMap { view.index(of: $0) }
        let mayLead = ReplicaSet((0..<view.n).map { ReplicaIndex($0) }.filter { !excluded.contains($0) })
        return Optimizer(
            model: model, ids: view.members.map(\.id), mayLead: mayLead, mayBeHeavy: mayBeHeavy(input, view.quorum),
            goalPermille: UInt64(view.settings.goalPermille), goalMicroseconds: UInt64(view.settings.goalMicroseconds))
    }

    /// Whoever reported nothing of late is silent, or votes for nothing: nobody should count on it. If there are not enough
    /// others, nothing can be told.
    private static func mayBeHeavy(_ input: CalculationInput, _ rule: QuorumRule) -> ReplicaSet? {
        let reporting = ReplicaSet(input.reports.indices.filter { input.reports[$0] != nil }.map { ReplicaIndex($0) })
        return reporting.count >= rule.heavyCount ? reporting : nil
    }

    private static func matrix(
        _ input: CalculationInput, _ row: (LatencyReport) -> [LinkLatency]
    ) -> LinkLatencies {
        let missing = Array(repeating: Latency.missing, count: input.reports.count)
        return LinkLatencies(
            sanitizing: input.reports.map { report in
                report.map { row($0).map { $0.isMissing ? .missing : Latency(UInt64($0.rawValue)) } } ?? missing
            })
    }

    private static func reason(
        of decision: OptimizerDecision, _ input: CalculationInput, _ view: View
    ) -> CalculationOutcome.Reason {
        guard let best = decision.outcome.best, !best.latency.isMissing else { return .nothingPossible }
        guard decision.isChange else { return .goodEnough }
        if decision.current.latency.isMissing { return .needed }
        // A view lasts for two calculations at least, unless nobody could go on in it.
        let isYoung =
            input.base > .zero && input.instance.distance(beyond: input.base) < view.settings.calculationPeriod
        return isYoung ? .tooSoon : .better
    }
}

extension Latency {
    /// Nil where it is infinite.
    fileprivate var microseconds: UInt64? { isMissing ? nil : rawValue }
}
