// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What is known of a group when its leader and weights are chosen: the agreed measurements, and what they are for.
package struct LatencyModel: Sendable {
    package let rule: QuorumRule
    /// M̂^P, of proposals.
    package let propose: LinkLatencies
    /// M̂^W, of votes.
    package let vote: LinkLatencies
    package let objective: Objective
    package let rounds: Int

    package init(
        rule: QuorumRule, propose: LinkLatencies, vote: LinkLatencies, objective: Objective = .consensus,
        rounds: Int = RoundPredictor.roundsDefault
    ) {
        precondition(propose.count == rule.n && vote.count == rule.n, "the matrices are of another view")
        self.rule = rule
        self.propose = propose
        self.vote = vote
        self.objective = objective
        self.rounds = rounds
    }
}
