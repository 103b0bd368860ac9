// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletOptimizer
import MartletSimulation
import MartletTypes

/// Every leader with every heavy set: what is predicted, and what is measured (adaptation §8, experiment 2).
struct ConfigurationsExperiment: Sendable {
    /// More would take too long to run.
    static let candidatesMax: UInt64 = 200

    let trial: WideAreaTrial
    private let model: LatencyModel

    init(_ trial: WideAreaTrial) {
        self.trial = trial
        let links = trial.places.links(between: trial.replicas)
        model = LatencyModel(rule: trial.rule, propose: links, vote: links)
    }

    func run(_ runner: TrialRunner, progress: @escaping @Sendable (Int, _ of: Int) -> Void) async throws
        -> ConfigurationsReport
    {
        let ids = trial.replicas.indices.map { ReplicaID(UInt16($0)) }
        let optimizer = Optimizer(model: model, ids: ids)
        guard optimizer.space.count <= Self.candidatesMax else {
            throw CommandFailure(
                "there are more than \(Self.candidatesMax) configurations to run: name fewer replicas with --replicas")
        }
        let ranking = ExhaustiveSearch.ranking(model, optimizer.space, ids: ids)
        let loads = WideAreaTrial.Load.allCases
        let scenarios = ranking.flatMap { candidate in
            loads.map {
                trial.scenario(
                    candidate.assignment, leaderOrder: optimizer.leaderOrder(of: candidate.assignment), $0)
            }
        }
        let results = try await runner.run(scenarios) { progress($0, scenarios.count) }
        let rows = ranking.enumerated().map { place, candidate in
            row(candidate, Array(results[place * loads.count..<(place + 1) * loads.count]))
        }
        return ConfigurationsReport(
            names: trial.replicas.map { trial.places.name($0) },
            clientNames: trial.clients.map { trial.places.name($0) }, rows: rows)
    }

    private func row(_ candidate: Candidate, _ results: [TrialResult]) -> ConfigurationsReport.Row {
        let begin = Double(trial.effort.warmupSeconds) * 1_000_000
        let assignment = candidate.assignment
        return ConfigurationsReport.Row(
            assignment: assignment, predicted: candidate.latency, first: firstInstance(assignment),
            consensus: results[0].consensus(from: begin), writes: results[0].calls(from: begin),
            predictedWrites: bounds(assignment, .writes),
            writesBesideReads: results[1].calls(from: begin),
            predictedBesideReads: bounds(assignment, .writesBesideReads),
            tentativeWrites: results[2].calls(from: begin),
            predictedTentative: bounds(assignment, .tentativeWrites), reads: results[3].calls(from: begin),
            predictedReads: bounds(assignment, .reads),
            leaderChanges: results.reduce(0) { $0 + $1.leaderChanges }, violations: results.flatMap(\.violations))
    }

    /// What clients must wait at least, by place.
    func bounds(_ assignment: WeightAssignment, _ load: WideAreaTrial.Load) -> [Latency] {
        let places = trial.places.clients(at: trial.clients, of: trial.replicas)
        switch load {
        case .reads:
            return places.map { ClientPredictor.readLatency(at: $0, rule: trial.rule, heavy: assignment.heavy) }
        case .writes:
            return writeBounds(assignment, ClientModel(places: places, replies: .weakCertificate, window: .many))
        case .writesBesideReads:
            return writeBounds(assignment, ClientModel(places: places, replies: .quorum, window: .many))
        case .tentativeWrites:
            return writeBounds(assignment, ClientModel(places: places, replies: .tentativeQuorum, window: .many))
        }
    }

    private func writeBounds(_ assignment: WeightAssignment, _ clients: ClientModel) -> [Latency] {
        var predictor = ClientPredictor(
            rule: model.rule, propose: model.propose, vote: model.vote, clients: clients)
        return predictor.latencies(of: assignment)
    }

    /// Of an instance that waits for no other.
    private func firstInstance(_ assignment: WeightAssignment) -> Latency {
        var predictor = RoundPredictor(rule: model.rule, propose: model.propose, vote: model.vote, rounds: 1)
        return predictor.latency(of: assignment)
    }
}
