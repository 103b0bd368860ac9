// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Why a group is led as it is and weighs as it does, as one replica sees it: for people.
package struct AdaptationReport: Hashable, Sendable {
    /// The most calculations that are told of.
    package static let calculationsMax = 16

    package let replica: ReplicaID
    package let epoch: Epoch
    /// By position in the view of `epoch`.
    package let members: [ReplicaID]
    package let leader: ReplicaID
    /// By ascending id.
    package let heavy: [ReplicaID]
    /// Whether links are measured, and whether what is calculated is not to be installed.
    package let isMeasuring: Bool
    package let isPinned: Bool
    /// c, and D: after every c-th instance it is calculated, and the outcome is due D instances later.
    package let period: UInt32
    package let distance: UInt32
    package let decided: Instance
    /// How long the last instances took here from their first sign to their decision: the median, in microseconds. At the
    /// leader that is what is predicted.
    package let observed: UInt64?
    /// The oldest first. Only the newest has its reports.
    package let calculations: [CalculationRecord]

    package init(
        replica: ReplicaID, epoch: Epoch, members: [ReplicaID], leader: ReplicaID, heavy: [ReplicaID],
        isMeasuring: Bool, isPinned: Bool, period: UInt32, distance: UInt32, decided: Instance, observed: UInt64?,
        calculations: [CalculationRecord]
    ) {
        self.replica = replica
        self.epoch = epoch
        self.members = members
        self.leader = leader
        self.heavy = heavy
        self.isMeasuring = isMeasuring
        self.isPinned = isPinned
        self.period = period
        self.distance = distance
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
                view: input.view, instance: input.instance, base: input.base, leader: input.leader,
                excluded: input.excluded, reports: []),
            outcome: outcome, fate: fate, observed: observed)
    }
}
