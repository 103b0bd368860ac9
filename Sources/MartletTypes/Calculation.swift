// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What it is calculated from who should lead and who should be heavy, as it stood after instance k·c (adaptation §6): the same
/// at all members. Weights, f and settings are those of the view.
package struct CalculationInput: Hashable, Sendable {
    package let view: ViewNumber
    package let instance: Instance
    /// In which regency that instance's batch was first proposed.
    package let regency: Regency
    /// Who led the epoch in which that instance's batch was first proposed.
    package let leader: ReplicaID
    /// Who led before and was replaced, the last f of them, by ascending id: none of them is chosen.
    package let excluded: [ReplicaID]
    /// By position in the view: what each member reported of late; nil where it did not, and then it is missing.
    package let reports: [LatencyReport?]
    /// What was learnt before, those reports included.
    package let experience: Experience

    package init(
        view: ViewNumber, instance: Instance, regency: Regency = .first, leader: ReplicaID, excluded: [ReplicaID],
        reports: [LatencyReport?], experience: Experience = Experience()
    ) {
        self.view = view
        self.instance = instance
        self.regency = regency
        self.leader = leader
        self.excluded = excluded
        self.reports = reports
        self.experience = experience
    }

    /// The last instance before leader and weights became what they are.
    package var base: Instance { experience.changed }
}

/// A calculation to be made: of that input, in the view that it is of.
package struct CalculationTask: Hashable, Sendable {
    package let input: CalculationInput
    package let view: View

    package init(input: CalculationInput, view: View) {
        precondition(input.view == view.number, "an input of another view")
        self.input = input
        self.view = view
    }
}

/// What came of a calculation.
package struct CalculationOutcome: Hashable, Sendable {
    /// Why it is what it is.
    package enum Reason: UInt8, Hashable, Sendable, CaseIterable {
        /// Another leader or other weights are better by more than the goal.
        case better = 1
        /// The current ones need who is missing or may not be chosen.
        case needed = 2
        /// Nothing is better by more than the goal.
        case goodEnough = 3
        /// All candidates need who is missing.
        case nothingPossible = 4
        /// Something is better by more than the goal, but the view has only begun: a link that is slow now and quick then must not
        /// make the group change to and fro.
        case tooSoon = 5
        /// Who leads or is heavy has become suspect.
        case suspected = 6
        /// With the last change instances take longer than before, and longer than the links explain.
        case unpaid = 7
    }

    package let view: ViewNumber
    package let instance: Instance
    package let reason: Reason
    /// By position in the view, the leader first.
    package let leaderOrder: [ReplicaIndex]
    package let heavy: ReplicaSet
    /// What was predicted, in microseconds; nil where it is infinite.
    package let predictions: Predictions
    /// When members decided of late, by their own words, in microseconds after the leader's proposal: by position in the view,
    /// nil where that is not known.
    package let decided: [UInt64?]
    /// What the last change brought, where that can be told.
    package let comparison: Comparison?

    package struct Predictions: Hashable, Sendable {
        package let current: UInt64?
        package let best: UInt64?
        /// Of all candidates, where all were looked at.
        package let median: UInt64?
        package let worst: UInt64?

        package init(current: UInt64?, best: UInt64?, median: UInt64?, worst: UInt64?) {
            self.current = current
            self.best = best
            self.median = median
            self.worst = worst
        }
    }

    /// When members have decided, in microseconds after the leader's proposal: before the last change and after it.
    package struct Comparison: Hashable, Sendable {
        /// Of the members that told both.
        package let medianBefore: UInt64
        package let medianAfter: UInt64
        /// How many told both, and for how many of them it became worse than before and than the links explain.
        package let members: Int
        package let worse: Int

        package init(medianBefore: UInt64, medianAfter: UInt64, members: Int, worse: Int) {
            self.medianBefore = medianBefore
            self.medianAfter = medianAfter
            self.members = members
            self.worse = worse
        }
    }

    package init(
        view: ViewNumber, instance: Instance, reason: Reason, leaderOrder: [ReplicaIndex], heavy: ReplicaSet,
        predictions: Predictions, decided: [UInt64?] = [], comparison: Comparison? = nil
    ) {
        self.view = view
        self.instance = instance
        self.reason = reason
        self.leaderOrder = leaderOrder
        self.heavy = heavy
        self.predictions = predictions
        self.decided = decided
        self.comparison = comparison
    }

    /// Whether a new view is due.
    package var isChange: Bool {
        switch reason {
        case .better, .needed, .suspected, .unpaid: true
        case .goodEnough, .nothingPossible, .tooSoon: false
        }
    }
}
