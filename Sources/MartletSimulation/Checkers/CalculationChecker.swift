// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// All correct replicas calculate the same from the same after the same instance (adaptation §6).
package struct CalculationChecker: Sendable {
    private var known: [Instance: (input: CalculationInput, outcome: CalculationOutcome)] = [:]
    package private(set) var count = 0
    package private(set) var changes = 0
    /// Reports that took part.
    package private(set) var reports = 0

    package init() {}

    package mutating func calculated(
        _ input: CalculationInput, _ outcome: CalculationOutcome, by replica: Int, at now: Instant
    ) -> Violation? {
        guard let before = known[input.instance] else {
            known[input.instance] = (input, outcome)
            count += 1
            if outcome.isChange { changes += 1 }
            reports += input.reports.count { $0 != nil }
            return nil
        }
        guard before.input != input || before.outcome != outcome else { return nil }
        return Violation(
            .agreement, at: now,
            "replica \(replica) calculates \(outcome) of \(input) where another had \(before.outcome) of \(before.input)"
        )
    }
}
