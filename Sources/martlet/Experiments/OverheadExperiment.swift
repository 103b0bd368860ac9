// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What measuring costs: a group of processes on this machine under full load, with several shares ω of instances that are
/// measured (adaptation §8, experiment 4). Every round runs all of them, one after the other, and each is compared with the
/// same round's group that measures nothing, so that a slow minute of the machine does not look like a cost.
struct OverheadExperiment: Sendable {
    /// ω in parts of a thousand; 0 is what the others are compared with.
    let shares: [Int]
    let rounds: Int
    let parameters: BenchmarkParameters

    /// `directory` names where the group of each run is kept while it lasts.
    func run(
        directory: (String) -> ScratchDirectory, _ say: @escaping @Sendable (String) -> Void
    ) async throws -> OverheadReport {
        var runs: [OverheadReport.Run] = []
        for round in 1...rounds {
            // In another order each time: what runs first finds a cooler machine.
            let order = shares.indices.map { shares[($0 + round) % shares.count] }
            for share in order {
                say("round \(round) of \(rounds): ω = \(Rounding.text(Double(share) / 1_000, digits: 3))")
                var parameters = parameters
                parameters.measuringPermille = share
                let place = directory("overhead")
                defer { place.removeIfTemporary() }
                let result = try await Benchmark(parameters: parameters, directory: place.path).run { _ in }
                runs.append(
                    OverheadReport.Run(
                        round: round, permille: share, throughput: result.throughput,
                        cpu: result.cpuMicrosecondsPerOperation, p50: result.record.latency(atPercentile: 50)))
            }
        }
        return OverheadReport(sentence: parameters.sentence, runs: runs)
    }
}

/// What came of it.
struct OverheadReport: ExperimentReport, Sendable {
    struct Run: Sendable {
        let round: Int
        let permille: Int
        /// Operations a second.
        let throughput: Double
        /// Microseconds for each operation, over all processes; nil where one of them ended.
        let cpu: Double?
        /// Of the latency, in microseconds.
        let p50: Double
    }

    struct Row: Sendable, Equatable {
        let permille: Int
        let throughput: Double
        let cpu: Double?
        let p50: Double
        /// Of that of the same round without measuring; nil without such.
        let throughputRatio: Double?
        let cpuRatio: Double?
    }

    let sentence: String
    let runs: [Run]

    var isSound: Bool { runs.allSatisfy { $0.throughput > 0 } }

    /// Medians over the rounds, by ascending ω.
    var rows: [Row] {
        let shares = runs.map(\.permille).sorted().reduce(into: [Int]()) { if $0.last != $1 { $0.append($1) } }
        return shares.map { share in
            let own = runs.filter { $0.permille == share }
            let pairs = own.compactMap { run in
                runs.first { $0.permille == 0 && $0.round == run.round }.map { (run, $0) }
            }
            return Row(
                permille: share, throughput: Self.median(own.map(\.throughput)) ?? 0,
                cpu: Self.median(own.compactMap(\.cpu)), p50: Self.median(own.map(\.p50)) ?? 0,
                throughputRatio: Self.median(
                    pairs.compactMap { $1.throughput > 0 ? $0.throughput / $1.throughput : nil }),
                cpuRatio: Self.median(
                    pairs.compactMap { run, base in base.cpu.flatMap { cost in run.cpu.map { $0 / cost } } }))
        }
    }

    /// Of an even number the mean of the two in the middle.
    static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    var text: String {
        var table = ConsoleTable([
            .init("ω", .right), .init("throughput", .right), .init("of ω = 0", .right), .init("CPU", .right),
            .init("of ω = 0", .right), .init("p50", .right),
        ])
        for row in rows {
            table.add([
                Rounding.text(Double(row.permille) / 1_000, digits: 3),
                Rounding.text(row.throughput, digits: 0) + " op/s",
                Self.percent(row.throughputRatio), row.cpu.map { Rounding.text($0, digits: 1) + " µs" } ?? "unknown",
                Self.percent(row.cpuRatio), Rounding.text(row.p50, digits: 0) + " µs",
            ])
        }
        let rounds = runs.map(\.round).max() ?? 0
        return "\(sentence); medians of \(rounds) rounds\n\n\(table.text)"
    }

    private static func percent(_ ratio: Double?) -> String {
        ratio.map { Rounding.text($0 * 100, digits: 1) + " %" } ?? "unknown"
    }

    var json: JSONValue {
        .object([
            "ok": .boolean(isSound), "experiment": "overhead",
            "rows": .list(
                rows.map { row in
                    .object([
                        "omegaPermille": .integer(row.permille), "throughput": .number(row.throughput),
                        "throughputRatio": Self.json(row.throughputRatio),
                        "cpuMicrosecondsPerOperation": Self.json(row.cpu), "cpuRatio": Self.json(row.cpuRatio),
                        "p50Microseconds": .number(row.p50),
                    ])
                }),
            "runs": .list(
                runs.map { run in
                    .object([
                        "round": .integer(run.round), "omegaPermille": .integer(run.permille),
                        "throughput": .number(run.throughput), "cpuMicrosecondsPerOperation": Self.json(run.cpu),
                        "p50Microseconds": .number(run.p50),
                    ])
                }),
        ])
    }

    private static func json(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }

    var chart: Chart {
        let rows = rows
        return Chart(
            title: "What measuring costs", xTitle: "ω, the share of instances that are measured",
            yTitle: "percent of a group that measures nothing",
            categories: rows.map { Rounding.text(Double($0.permille) / 1_000, digits: 3) },
            series: [
                Chart.Series("throughput", .line, rows.map { $0.throughputRatio.map { $0 * 100 } }),
                Chart.Series("CPU per operation", .line, rows.map { $0.cpuRatio.map { $0 * 100 } }),
            ])
    }
}
