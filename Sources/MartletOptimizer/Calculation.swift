// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// From what the members of a view have reported to who should lead it and be heavy (adaptation §6, §7). A pure function, so
/// that all members get the same.
package enum Calculation {
    /// The input must be of that view.
    package static func outcome(of input: CalculationInput, in view: View) -> CalculationOutcome {
        precondition(input.view == view.number && input.reports.count == view.n, "an input of another view")
        return Calculator(input, view).outcome
    }
}

private struct Calculator {
    private let input: CalculationInput
    private let view: View
    private let model: LatencyModel
    private let current: WeightAssignment
    private let suspects: ReplicaSet
    private let rejected: [WeightAssignment]
    private let trial: Trial

    init(_ input: CalculationInput, _ view: View) {
        guard let leader = view.index(of: input.leader) else { preconditionFailure("the leader is no member") }
        self.input = input
        self.view = view
        model = LatencyModel(
            rule: view.quorum, propose: Self.matrix(input, \.proposals), vote: Self.matrix(input, \.votes))
        current = WeightAssignment(leader: leader, heavy: view.heavyMembers)
        suspects = ReplicaSet(
            input.experience.suspects(at: input.instance, f: view.f).compactMap { view.index(of: $0) })
        rejected = input.experience.rejected(at: input.instance).compactMap {
            WeightAssignment(leader: $0.leader, heavy: $0.heavy, in: view)
        }
        trial = Trial(input, view, model, current)
    }

    var outcome: CalculationOutcome {
        let (decision, isToLeave) = decide()
        return CalculationOutcome(
            view: input.view, instance: input.instance, reason: reason(of: decision, isToLeave: isToLeave),
            leaderOrder: decision.leaderOrder, heavy: decision.chosen.heavy,
            predictions: CalculationOutcome.Predictions(
                current: decision.current.latency.microseconds, best: decision.outcome.best?.latency.microseconds,
                median: decision.outcome.survey?.median.microseconds,
                worst: decision.outcome.survey?.worst.microseconds),
            decided: trial.decided, comparison: trial.comparison)
    }

    // MARK: Choosing

    /// Suspects are avoided, and what was rejected, as long as anything else is possible: they may be the only ones left.
    private func decide() -> (OptimizerDecision, isToLeave: Bool) {
        let isUnpaid = trial.isUnpaid
        let rejected = isUnpaid ? rejected + [current] : rejected
        // Where all weigh the same it matters to nobody who is called heavy.
        let isWeighted = view.quorum.delta > 0
        let isSuspect =
            suspects.contains(current.leader) || isWeighted && current.heavy.contains { suspects.contains($0) }
        var tries = [(avoided: suspects, rejected: rejected, isToLeave: isUnpaid || isSuspect)]
        if !rejected.isEmpty { tries.append((suspects, [], isSuspect)) }
        if !suspects.isEmpty {
            tries.append((ReplicaSet(), rejected, isUnpaid))
            if !rejected.isEmpty { tries.append((ReplicaSet(), [], false)) }
        }
        for (avoided, rejected, isToLeave) in tries.dropLast() {
            let decision = decision(avoiding: avoided, rejecting: rejected, isToLeave: isToLeave)
            if let best = decision.outcome.best, !best.latency.isMissing { return (decision, isToLeave) }
        }
        let last = tries[tries.count - 1]
        return (
            decision(avoiding: last.avoided, rejecting: last.rejected, isToLeave: last.isToLeave), last.isToLeave
        )
    }

    private func decision(
        avoiding avoided: ReplicaSet, rejecting rejected: [WeightAssignment], isToLeave: Bool
    ) -> OptimizerDecision {
        let excluded = input.excluded.compactMap { view.index(of: $0) }
        let everyone = (0..<view.n).map { ReplicaIndex($0) }
        let optimizer = Optimizer(
            model: model, ids: view.members.map(\.id),
            mayLead: ReplicaSet(everyone.filter { !excluded.contains($0) && !avoided.contains($0) }),
            mayBeHeavy: mayBeHeavy(avoiding: avoided), rejected: rejected,
            goalPermille: UInt64(view.settings.goalPermille), goalMicroseconds: UInt64(view.settings.goalMicroseconds))
        return optimizer.decide(
            current: current, seed: input.instance.rawValue, isToLeave: isToLeave,
            preferring: trial.isUnpaid ? trial.former : nil)
    }

    /// Whoever reported nothing of late is silent, or votes for nothing: nobody should count on it. If there are not enough
    /// others, nothing can be told.
    private func mayBeHeavy(avoiding avoided: ReplicaSet) -> ReplicaSet? {
        let reporting = ReplicaSet(input.reports.indices.filter { input.reports[$0] != nil }.map { ReplicaIndex($0) })
        let known = reporting.count >= view.quorum.heavyCount ? reporting : nil
        guard !avoided.isEmpty else { return known }
        return ReplicaSet((known ?? ReplicaSet((0..<view.n).map { ReplicaIndex($0) })).filter { !avoided.contains($0) })
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

    private func reason(of decision: OptimizerDecision, isToLeave: Bool) -> CalculationOutcome.Reason {
        guard let best = decision.outcome.best, !best.latency.isMissing else { return .nothingPossible }
        guard decision.isChange else { return .goodEnough }
        if decision.current.latency.isMissing { return .needed }
        if isToLeave { return trial.isUnpaid ? .unpaid : .suspected }
        // A view lasts for two calculations at least, unless nobody could go on in it; longer where changes did not pay.
        let patience = input.experience.patience(calculationPeriod: view.settings.calculationPeriod)
        let isYoung = input.base > .zero && input.instance.distance(beyond: input.base) < patience
        return isYoung ? .tooSoon : .better
    }
}

extension WeightAssignment {
    /// Nil where one of them is no member, or the heavy ones are not as many as the view has.
    init?(leader: ReplicaID, heavy: [ReplicaID], in view: View) {
        let members = heavy.compactMap { view.index(of: $0) }
        guard let leader = view.index(of: leader), members.count == heavy.count,
            ReplicaSet(members).count == view.quorum.heavyCount
        else { return nil }
        self.init(leader: leader, heavy: ReplicaSet(members))
    }
}

extension Latency {
    /// Nil where it is infinite.
    var microseconds: UInt64? { isMissing ? nil : rawValue }
}
