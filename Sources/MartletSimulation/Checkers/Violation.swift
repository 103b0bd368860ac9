// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// A rule that was broken, by which checker's word, and when.
package struct Violation: Hashable, Sendable, CustomStringConvertible {
    package enum Rule: String, Hashable, Sendable, CaseIterable {
        case agreement
        case totalOrder = "total order"
        case exactlyOnce = "exactly once"
        case validity
        case results
        case linearizability
        case liveness
        case checkpoints
        case votes
        case views
        case quorums
        case integrity
        case runaway
        case blame
        case memory = "bounded memory"
        case measuring
        case membership
        case access
    }

    package let rule: Rule
    package let at: Instant
    package let text: String

    package init(_ rule: Rule, at: Instant, _ text: String) {
        self.rule = rule
        self.at = at
        self.text = text
    }

    package var description: String { "\(rule.rawValue), at \(at.rawValue / 1_000) µs: \(text)" }
}
