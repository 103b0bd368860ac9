// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// A calculation and what came of it, for people.
package struct CalculationRecord: Hashable, Sendable {
    package let input: CalculationInput
    package let outcome: CalculationOutcome
}

/// What is due at an instance (adaptation §6).
package enum DueOutcome: Hashable, Sendable {
    /// Nothing changes after it.
    case nothing
    /// A change may be due that is not known here yet.
    case pending
    case change(CalculationOutcome)
}

/// The last calculation: what it is made of, and what came of it once that is known. The input is the same at all replicas,
/// and so is the outcome, whenever each of them gets it.
package struct CalculationBoard: Sendable {
    /// So many calculations are remembered.
    package static let historyMax = 16

    package private(set) var input: CalculationInput?
    private var outcome: CalculationOutcome?
    /// The oldest first.
    package private(set) var history: [CalculationRecord] = []

    package init() {}

    package mutating func begin(_ input: CalculationInput?) {
        guard input != self.input else { return }
        self.input = input
        outcome = nil
    }

    package mutating func note(_ outcome: CalculationOutcome) {
        guard let input, outcome.instance == input.instance, outcome.view == input.view, self.outcome == nil else {
            return
        }
        self.outcome = outcome
        if history.count == Self.historyMax { history.removeFirst() }
        history.append(CalculationRecord(input: input, outcome: outcome))
    }

    /// What is due after that instance of the view, whose instances follow `base`. Nothing when the view has changed since it
    /// was calculated, or is pinned.
    package func due(at instance: Instance, in view: View, after base: Instance) -> DueOutcome {
        guard let calculated = view.calculation(dueAt: instance), calculated > base else { return .nothing }
        guard let input, input.view == view.number, input.instance == calculated, let outcome else { return .pending }
        return outcome.isChange ? .change(outcome) : .nothing
    }

    /// The input as a checkpoint after that instance holds it: as long as its outcome is still to come.
    package func input(after instance: Instance, in view: View) -> CalculationInput? {
        guard let input, input.view == view.number, instance < input.instance + view.settings.dueDistance else {
            return nil
        }
        return input
    }
}
