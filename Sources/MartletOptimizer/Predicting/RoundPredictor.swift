// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Predicts how long consensus takes (adaptation §4): the mean over some instances, each of which begins where the
/// one before left its replicas.
package struct RoundPredictor: Sendable {
    /// r of the published prediction.
    package static let roundsDefault = 10
    package static let roundsMax = 100
    private let rounds: Int
    private var instances: InstanceRounds

    /// `propose` and `vote` are the sanitised M̂^P and M̂^W.
    package init(rule: QuorumRule, propose: LinkLatencies, vote: LinkLatencies, rounds: Int = roundsDefault) {
        precondition(rule.n == vote.count, "the matrices are of another view")
        self.init(
            rounds: rounds,
            instances: InstanceRounds(
                faultModel: rule.faultModel, voting: VotingWeights(rule), propose: propose, vote: vote))
    }

    private init(rounds: Int, instances: InstanceRounds) {
        precondition((1...Self.roundsMax).contains(rounds))
        self.rounds = rounds
        self.instances = instances
    }

    /// With votes that all weigh the same, as before WHEAT: what weights have to be measured against.
    package static func withEqualWeights(
        rule: QuorumRule, propose: LinkLatencies, vote: LinkLatencies, rounds: Int = roundsDefault
    ) -> RoundPredictor {
        let voting = VotingWeights(equalCount: QuorumSizes(rule).equal)
        return RoundPredictor(
            rounds: rounds,
            instances: InstanceRounds(faultModel: rule.faultModel, voting: voting, propose: propose, vote: vote))
    }

    /// When each replica decides an instance that waits for none before it, counted from the leader's proposal; by position.
    package mutating func decisions(of assignment: WeightAssignment) -> [Latency] {
        instances.begin(leader: assignment.leader.position, heavy: assignment.heavy)
        _ = instances.decideAtLeader()
        instances.decideElsewhere()
        return instances.decided.map { Latency($0) }
    }

    /// The predicted latency of consensus; missing when a quorum needs a missing replica or link. What lies above the
    /// limit is cut short: then the outcome is missing, too.
    package mutating func latency(of assignment: WeightAssignment, atMost limit: Latency = .missing) -> Latency {
        let rounds = UInt64(rounds)
        let limit = limit.isMissing ? UInt64.max : (limit.rawValue + 1) * rounds - 1
        instances.begin(leader: assignment.leader.position, heavy: assignment.heavy)
        var sum: UInt64 = 0
        var first: UInt64?
        for round in 0..<rounds {
            let left = rounds - round
            let decided = instances.decideAtLeader()
            guard decided < Latency.missing.rawValue else { return .missing }
            // No instance takes less than the first, whose offsets are 0.
            let least = first ?? decided
            first = least
            guard sum + decided + (left - 1) * least <= limit else { return .missing }
            sum += decided
            guard left > 1 else { break }
            instances.decideElsewhere()
            if !instances.advance() {
                sum += (left - 1) * decided
                break
            }
        }
        return sum <= limit ? Latency(sum / rounds) : .missing
    }
}
