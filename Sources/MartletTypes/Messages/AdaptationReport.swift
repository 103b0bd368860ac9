// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Why a group is led as it is and weighs as it does, as one replica sees it: for people. Who leads and weighs what is told by
/// the view, which is proved.
package struct AdaptationReport: Hashable, Sendable {
    /// The most calculations that are told of.
    package static let calculationsMax = 16

    package let replica: ReplicaID
    package let epoch: Epoch
    package let decided: Instance
    /// How long the last instances took here from their first sign to their decision: the median, in microseconds. At the
    /// leader that is what is predicted.
    package let observed: UInt64?
    /// The oldest first. Only the newest has its reports.
    package let calculations: [CalculationRecord]

    package init(
        replica: ReplicaID, epoch: Epoch, decided: Instance, observed: UInt64?, calculations: [CalculationRecord]
    ) {
        self.replica = replica
        self.epoch = epoch
        self.decided = decided
        self.observed = observed
        self.calculations = calculations
    }
}

/// A calculation and what came of it.
package struct CalculationRecord: Hashable, Sendable {
    /// What became of the outcome.
    package enum Fate: UInt8, Hashable, Sendable, CaseIterable {
        /// A change that is due at an instance to come.
        case due = 1
        /// Nothing was to change.
        case unchanged = 2
        /// The next view is what was calculated.
        case installed = 3
        /// The view had changed before, or was pinned.
        case void = 4
    }

    package let input: CalculationInput
    package let outcome: CalculationOutcome
    package var fate: Fate
    /// How long instances took here when it was calculated, as in `AdaptationReport.observed`.
    package let observed: UInt64?

    package init(input: CalculationInput, outcome: CalculationOutcome, fate: Fate, observed: UInt64?) {
        self.input = input
        self.outcome = outcome
        self.fate = fate
        self.observed = observed
    }

    /// Without what each member reported.
    package var summary: CalculationRecord {
        CalculationRecord(
            input: CalculationInput(
                view: input.view, instance: input.instance, regency: input.regency, leader: input.leader,
                excluded: input.excluded, reports: [], experience: input.experience),
            outcome: outcome, fate: fate, observed: observed)
    }
}
