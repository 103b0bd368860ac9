// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

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

    package mutating func note(_ outcome: CalculationOutcome, isPinned: Bool = false, observed: UInt64? = nil) {
        guard let input, outcome.instance == input.instance, outcome.view == input.view, self.outcome == nil else {
            return
        }
        self.outcome = outcome
        if history.count == AdaptationReport.calculationsMax { history.removeFirst() }
        let fate: CalculationRecord.Fate = outcome.isChange ? isPinned ? .void : .due : .unchanged
        history.append(CalculationRecord(input: input, outcome: outcome, fate: fate, observed: observed))
    }

    /// Another view begins: nothing of the one before is due any more.
    package mutating func begin(_ view: View) {
        begin(nil)
        guard let last = history.last, last.fate == .due else { return }
        let plan = view.plan
        let isCalculated =
            // Its places are those of the view before, which may have had more members.
            last.outcome.view.next == view.number && last.outcome.leaderOrder.count == view.n
            && last.outcome.heavy.allSatisfy { $0.position < view.n }
            && last.outcome.leaderOrder.map { view[$0].id } == plan.leaderOrder
            && last.outcome.heavy.map { view[$0].id }.sorted() == plan.heavy
        history[history.count - 1].fate = isCalculated ? .installed : .void
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
