// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletOptimizer
import MartletSimulation
import MartletTypes

/// What clients at each place wait, by who leads; the others that are heavy are those best for that leader (adaptation
/// §8, experiment 1).
struct LeaderLocationExperiment: Sendable {
    let trial: WideAreaTrial
    private let load: WideAreaTrial.Load

    init(_ trial: WideAreaTrial, _ load: WideAreaTrial.Load) {
        self.trial = trial
        self.load = load
    }

    func run(_ runner: TrialRunner, progress: @escaping @Sendable (Int, _ of: Int) -> Void) async throws
        -> LeaderLocationReport
    {
        let links = trial.places.links(between: trial.replicas)
        let model = LatencyModel(rule: trial.rule, propose: links, vote: links)
        let ids = trial.replicas.indices.map { ReplicaID(UInt16($0)) }
        let assignments = trial.replicas.indices.compactMap { leader in
            Optimizer(model: model, ids: ids, mayLead: ReplicaSet([ReplicaIndex(leader)])).search().best?.assignment
        }
        let order = Optimizer(model: model, ids: ids)
        let scenarios = assignments.map {
            trial.scenario($0, leaderOrder: order.leaderOrder(of: $0), load)
        }
        let results = try await runner.run(scenarios) { progress($0, scenarios.count) }
        let begin = Double(trial.effort.warmupSeconds) * 1_000_000
        let rows = zip(assignments, results).map { assignment, result in
            LeaderLocationReport.Row(
                leader: trial.places.name(trial.replicas[assignment.leader.position]), calls: result.calls(from: begin),
                leaderChanges: result.leaderChanges, violations: result.violations)
        }
        return LeaderLocationReport(clientNames: trial.clients.map { trial.places.name($0) }, rows: rows)
    }
}

/// What came of it.
struct LeaderLocationReport: ExperimentReport, Sendable {
    struct Row: Sendable {
        let leader: String
        /// By client.
        let calls: [LatencySample]
        let leaderChanges: Int
        let violations: [String]
    }

    let clientNames: [String]
    let rows: [Row]

    var isSound: Bool {
        rows.allSatisfy { row in
            row.violations.isEmpty && row.leaderChanges == 0 && row.calls.allSatisfy { $0.count > 0 }
        }
    }

    /// For how many client places each leader is the best by the median.
    private var wins: [Int] {
        rows.indices.map { place in
            clientNames.indices.count { client in
                let medians = rows.compactMap { $0.calls[client].percentile(50) }
                return medians.min().map { rows[place].calls[client].percentile(50) == $0 } ?? false
            }
        }
    }

    var text: String {
        var table = ConsoleTable(
            [.init("leader at")] + clientNames.map { .init($0, .right) }
                + [.init("mean of p50", .right), .init("best for", .right)])
        for (row, wins) in zip(rows, wins) {
            let cells = row.calls.map { "\(Self.text($0.percentile(50))) / \(Self.text($0.percentile(90)))" }
            table.add([row.leader] + cells + [Self.text(Self.meanOfMedians(row)), "\(wins) of \(clientNames.count)"])
        }
        let trouble = rows.flatMap { row in
            row.violations.map { "leader at \(row.leader) broke a rule: \($0)" }
                + (row.leaderChanges > 0 ? ["leader at \(row.leader): \(row.leaderChanges) leader changes"] : [])
        }
        return
            (["What a client at each place waits, in milliseconds: median / 90th percentile.", table.text]
            + (trouble.isEmpty ? [] : [trouble.joined(separator: "\n")])).joined(separator: "\n\n")
    }

    private static func meanOfMedians(_ row: Row) -> Double? {
        let medians = row.calls.compactMap { $0.percentile(50) }
        return medians.isEmpty ? nil : medians.reduce(0, +) / Double(medians.count)
    }

    private static func text(_ microseconds: Double?) -> String {
        microseconds.map { Rounding.text($0 / 1_000, digits: 1) } ?? "none"
    }

    var json: JSONValue {
        .object([
            "ok": .boolean(isSound), "experiment": "leader-location",
            "clients": .list(clientNames.map { .text($0) }), "rows": .list(rows.map(Self.json)),
        ])
    }

    private static func json(_ row: Row) -> JSONValue {
        let microseconds = { (percent: Int) -> JSONValue in
            .list(row.calls.map { $0.percentile(percent).map { .number($0) } ?? .null })
        }
        return .object([
            "leader": .text(row.leader), "p50Microseconds": microseconds(50), "p90Microseconds": microseconds(90),
            "calls": .list(row.calls.map { .integer($0.count) }), "leaderChanges": .integer(row.leaderChanges),
            "violations": .list(row.violations.map { .text($0) }),
        ])
    }

    var chart: Chart {
        let milliseconds = { (row: Row, percent: Int) in row.calls.map { $0.percentile(percent).map { $0 / 1_000 } } }
        return Chart(
            title: "What clients wait by the leader's place: median, and up to the 90th percentile",
            xTitle: "client at", yTitle: "milliseconds", categories: clientNames,
            series: rows.map {
                Chart.Series("leader at \($0.leader)", .bars, milliseconds($0, 50), upTo: milliseconds($0, 90))
            })
    }
}
