// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletOptimizer
import MartletTypes

/// For people and for programs.
extension ConfigurationsReport {
    /// AWARE's client latencies in milliseconds (TDSC'20, figures 7 and 8) of its best, median and worst configuration.
    private static let published = [("best", "⟨4,0⟩", 359.78), ("median", "⟨3,4⟩", 499.06), ("worst", "⟨2,1⟩", 589.56)]

    var text: String {
        var parts = [places, table.text, summary]
        if isPublished { parts.append(comparison) }
        let trouble = rows.flatMap { row in
            row.violations.map { "\(name(row)) broke a rule: \($0)" }
                + (row.leaderChanges > 0 ? ["\(name(row)): \(row.leaderChanges) leader changes"] : [])
        }
        if !trouble.isEmpty { parts.append(trouble.joined(separator: "\n")) }
        return parts.joined(separator: "\n\n")
    }

    private var places: String {
        let numbered = names.enumerated().map { "\($0) \($1)" }.joined(separator: ", ")
        return "Replicas: \(numbered). Times in milliseconds; each is the mean of the 11th to the 90th percentile."
    }

    private var table: ConsoleTable {
        var table = ConsoleTable(
            [
                .init("configuration"), .init("predicted", .right), .init("measured", .right), .init("error", .right),
            ] + clientNames.map { .init($0, .right) }
                + [
                    .init("clients", .right), .init("bound", .right), .init("beside reads", .right),
                    .init("bound", .right), .init("tentative", .right), .init("bound", .right),
                    .init("reads", .right), .init("bound", .right),
                ])
        for row in rows {
            let cells =
                [
                    name(row), Self.milliseconds(Double(row.predicted.rawValue)),
                    Self.milliseconds(row.consensus.middleMean), Self.percent(row.error),
                ] + row.writes.map { Self.milliseconds($0.middleMean) }
            table.add(cells + overall(row).map(Self.milliseconds))
        }
        return table
    }

    private func overall(_ row: Row) -> [Double?] {
        [
            Row.overall(row.writes), Row.overall(row.predictedWrites), Row.overall(row.writesBesideReads),
            Row.overall(row.predictedBesideReads), Row.overall(row.tentativeWrites),
            Row.overall(row.predictedTentative), Row.overall(row.reads), Row.overall(row.predictedReads),
        ]
    }

    private var summary: String {
        let mean = errors.isEmpty ? nil : errors.reduce(0, +) / Double(errors.count)
        let text = { (value: Double?) in value.map { Rounding.text($0, digits: 3) } ?? "unknown" }
        return
            "Prediction of consensus: error \(Self.percent(mean)) on average, \(Self.percent(errors.max())) at most; "
            + "correlation with what clients wait \(text(correlation)) (of the prediction for clients: "
            + "\(text(clientCorrelation)))."
    }

    /// What clients wait beside what was published of the same links and configurations.
    private var comparison: String {
        var table = ConsoleTable([
            .init("published as"), .init("configuration"), .init("published", .right), .init("measured", .right),
            .init("ratio", .right), .init("beside reads", .right), .init("ratio", .right), .init("tentative", .right),
            .init("ratio", .right),
        ])
        for (title, configuration, published) in Self.published {
            guard let row = rows.first(where: { name($0) == configuration }) else { continue }
            let measured = [row.writes, row.writesBesideReads, row.tentativeWrites].flatMap { samples -> [String] in
                guard let mean = Row.overall(samples) else { return ["none", "unknown"] }
                return [
                    Rounding.text(mean / 1_000, digits: 2), Rounding.text(mean / 1_000 / published, digits: 3),
                ]
            }
            table.add([title, configuration, Rounding.text(published, digits: 2)] + measured)
        }
        return table.text
    }

    private static func milliseconds(_ microseconds: Double?) -> String {
        microseconds.map { Rounding.text($0 / 1_000, digits: 2) } ?? "none"
    }

    private static func percent(_ value: Double?) -> String {
        value.map { Rounding.text($0, digits: 2) + " %" } ?? "unknown"
    }

    // MARK: - JSON

    var json: JSONValue {
        .object([
            "ok": .boolean(isSound), "experiment": "configurations",
            "replicas": .list(names.map { .text($0) }), "clients": .list(clientNames.map { .text($0) }),
            "correlation": correlation.map { .number($0) } ?? .null,
            "clientCorrelation": clientCorrelation.map { .number($0) } ?? .null,
            "errorPercentMean": errors.isEmpty ? .null : .number(errors.reduce(0, +) / Double(errors.count)),
            "errorPercentMax": errors.max().map { .number($0) } ?? .null,
            "isPublishedMatrix": .boolean(isPublished), "rows": .list(rows.map(json)),
        ])
    }

    private func json(_ row: Row) -> JSONValue {
        .object([
            "leader": .integer(row.assignment.leader.position),
            "heavy": .list(row.assignment.heavy.map { .integer($0.position) }),
            "predictedMicroseconds": .integer(Int(clamping: row.predicted.rawValue)),
            "predictedFirstMicroseconds": .integer(Int(clamping: row.first.rawValue)),
            "consensusMicroseconds": Self.json(row.consensus.middleMean), "instances": .integer(row.consensus.count),
            "errorPercent": Self.json(row.error),
            "writes": Self.json(row.writes, row.predictedWrites),
            "writesBesideReads": Self.json(row.writesBesideReads, row.predictedBesideReads),
            "tentativeWrites": Self.json(row.tentativeWrites, row.predictedTentative),
            "reads": Self.json(row.reads, row.predictedReads),
            "leaderChanges": .integer(row.leaderChanges),
            "violations": .list(row.violations.map { .text($0) }),
        ])
    }

    private static func json(_ samples: [LatencySample], _ predictions: [Latency]) -> JSONValue {
        .object([
            "microseconds": json(Row.overall(samples)), "boundMicroseconds": json(Row.overall(predictions)),
            "byClient": .list(samples.map { json($0.middleMean) }),
            "boundByClient": .list(predictions.map { .integer(Int(clamping: $0.rawValue)) }),
            "calls": .list(samples.map { .integer($0.count) }),
        ])
    }

    private static func json(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }

    // MARK: - Chart

    var chart: Chart {
        let milliseconds = { (value: Double?) in value.map { $0 / 1_000 } }
        return Chart(
            title: "Predicted and measured latency of every configuration",
            xTitle: "⟨leader, others that are heavy⟩", yTitle: "milliseconds", categories: rows.map(name),
            series: [
                Chart.Series("consensus, predicted", .dashes, rows.map { Double($0.predicted.rawValue) / 1_000 }),
                Chart.Series("consensus, measured", .points, rows.map { milliseconds($0.consensus.middleMean) }),
                Chart.Series("clients, bound", .dashes, rows.map { milliseconds(Row.overall($0.predictedWrites)) }),
                Chart.Series("clients, measured", .points, rows.map { milliseconds(Row.overall($0.writes)) }),
                Chart.Series(
                    "clients beside reads", .points, rows.map { milliseconds(Row.overall($0.writesBesideReads)) }),
                Chart.Series(
                    "clients, tentative", .points, rows.map { milliseconds(Row.overall($0.tentativeWrites)) }),
                Chart.Series("unordered reads", .points, rows.map { milliseconds(Row.overall($0.reads)) }),
            ])
    }
}
