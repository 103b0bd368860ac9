// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Predicts what the objective counts.
struct ObjectivePredictor: Sendable {
    private var consensus: RoundPredictor
    private var client: ClientPredictor?
    private let everyone: ReplicaSet
    /// How many predictions were made.
    private(set) var count = 0

    init(_ model: LatencyModel) {
        consensus = RoundPredictor(
            rule: model.rule, propose: model.propose, vote: model.vote, rounds: model.rounds)
        if case .client(let clients) = model.objective {
            client = ClientPredictor(
                rule: model.rule, propose: model.propose, vote: model.vote, clients: clients, rounds: model.rounds)
        }
        everyone = ReplicaSet((0..<model.rule.n).map { ReplicaIndex($0) })
    }

    /// What lies above the limit may be given as missing.
    mutating func latency(of assignment: WeightAssignment, atMost limit: Latency = .missing) -> Latency {
        count += 1
        if client == nil { return consensus.latency(of: assignment, atMost: limit) }
        return client?.latency(of: assignment, atMost: limit) ?? .missing
    }

    /// No assignment with this leader is better: with all replicas heavy, every quorum is there at least as early.
    /// (In time since the first proposal, what each replica decides last depends on links and weights monotonically; the
    /// rounds' mean is the leader's last decision by their number.)
    mutating func bound(leader: ReplicaIndex) -> Latency {
        count += 1
        let best = WeightAssignment(leader: leader, heavy: everyone)
        if client == nil { return consensus.latency(of: best) }
        return client?.firstLatency(of: best) ?? .missing
    }
}
