// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// How candidates were looked for.
package enum SearchMethod: String, Hashable, Sendable, CaseIterable {
    /// All of them were looked at.
    case exhaustive
    /// Some, from the promising ones on.
    case heuristic
}

/// What a search found.
package struct SearchOutcome: Hashable, Sendable {
    package let method: SearchMethod
    /// Nil when there is no candidate.
    package let best: Candidate?
    /// How many predictions were made.
    package let predictions: Int
    /// Of all candidates, after an exhaustive search.
    package let survey: Survey?

    /// How the predictions of all candidates lie.
    package struct Survey: Hashable, Sendable {
        package let median: Latency
        package let worst: Latency
    }
}
