// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Who should lead and who should be heavy (adaptation §6): after every c-th instance it is calculated, in the background, from
/// what all members have in common.
extension ReplicaCore {
    /// Whether leader or weights change after that instance, which is executed here or close to it. A voter for which that is
    /// pending must not vote for the next.
    package func dueOutcome(at instance: Instance) -> DueOutcome { calculations.due(at: instance, in: view) }

    /// The last calculations, the oldest first.
    package var calculationHistory: [CalculationRecord] { calculations.history }

    /// What is calculated must be the same everywhere, though replicas may have learnt the instance in different regencies:
    /// the leader is that of the epoch in which its batch was born.
    mutating func calculateIfDue(_ batch: Batch, into effects: inout Effects) {
        let period = view.settings.calculationPeriod
        guard measuring.schedule.isOn, view.f > 0, batch.instance.rawValue % UInt64(period) == 0 else { return }
        let input = CalculationInput(
            view: view.number, instance: batch.instance, leader: view[view.leader(of: batch.born.regency)].id,
            excluded: view.replacedLeaders(before: batch.born.regency).map { view[$0].id }.sorted(),
            reports: latencies.reports(beyond: batch.instance - period))
        calculations.begin(input)
        effects.calculations.append(input)
    }

    // MARK: Checkpoints

    /// What is reported and calculated, after the last decided instance.
    var adaptationImage: AdaptationImage {
        guard measuring.schedule.isOn else { return .empty }
        return AdaptationImage(
            reports: latencies.records(numbers: sessions.operationNumbers),
            calculation: calculations.input(after: decided, in: view))
    }

    mutating func takeOver(_ image: AdaptationImage, into effects: inout Effects) {
        latencies = LatencyTables(image: image, view: view)
        calculations.begin(image.calculation)
        if let input = image.calculation { effects.calculations.append(input) }
    }
}

extension View {
    /// The last f distinct leaders before that regency, its own leader excepted: they were replaced for a reason.
    package func replacedLeaders(before regency: Regency) -> ReplicaSet {
        let leader = leader(of: regency)
        var replaced = ReplicaSet()
        var before = regency.rawValue
        // Leaders follow one another in a circle.
        while replaced.count < f, before > 1, regency.rawValue - before < UInt64(n) {
            before -= 1
            let other = self.leader(of: Regency(before))
            if other != leader { replaced.insert(other) }
        }
        return replaced
    }
}
