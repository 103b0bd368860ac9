// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletOptimizer
import MartletTypes

/// What `martlet optimize` was asked.
struct Optimization {
    /// The replicas' places; replica i is the one at the i-th.
    let names: [String]
    let clientNames: [String]
    let model: LatencyModel
    let clients: ClientModel
    /// Nil: by the number of candidates.
    let method: SearchMethod?
    let seed: UInt64
    let listsAll: Bool

    /// The most candidates that can be listed, and that can be searched through.
    static let listedMax: UInt64 = 100_000
    static let searchedMax: UInt64 = 10_000_000

    func report() throws -> OptimizationReport {
        let ids = names.indices.map { ReplicaID(UInt16($0)) }
        let optimizer = Optimizer(model: model, ids: ids)
        let count = optimizer.space.count
        guard !listsAll || count <= Self.listedMax else {
            throw CommandFailure("there are \(counted(count)) candidates, too many to list: leave --all out")
        }
        guard method != .exhaustive || count <= Self.searchedMax else {
            throw CommandFailure(
                "there are \(counted(count)) candidates, too many to look at all: leave --search exhaustive out")
        }
        let outcome = optimizer.search(seed: seed, by: method)
        guard let best = outcome.best else { throw CommandFailure("there is no candidate") }
        return OptimizationReport(
            names: names, clientNames: clientNames, rule: model.rule, isForClients: model.objective != .consensus,
            candidates: count, outcome: outcome, best: detail(best),
            leaderOrder: optimizer.leaderOrder(of: best.assignment), baselines: baselines,
            all: listsAll ? ExhaustiveSearch.ranking(model, optimizer.space, ids: ids).map { detail($0) } : nil)
    }

    private func counted(_ count: UInt64) -> String { count == .max ? "more than can be counted" : "\(count)" }

    private func detail(_ candidate: Candidate) -> OptimizationReport.Detail {
        var consensus = RoundPredictor(rule: model.rule, propose: model.propose, vote: model.vote, rounds: model.rounds)
        var client = ClientPredictor(
            rule: model.rule, propose: model.propose, vote: model.vote, clients: clients, rounds: model.rounds)
        return OptimizationReport.Detail(
            candidate: candidate, consensus: consensus.latency(of: candidate.assignment),
            client: client.latency(of: candidate.assignment),
            clientsByPlace: client.latencies(of: candidate.assignment))
    }

    /// Of consensus, by leader, when all votes weigh the same.
    private var baselines: [Latency] {
        var equal = RoundPredictor.withEqualWeights(
            rule: model.rule, propose: model.propose, vote: model.vote, rounds: model.rounds)
        return names.indices.map {
            equal.latency(of: WeightAssignment(leader: ReplicaIndex($0), heavy: ReplicaSet()))
        }
    }
}
