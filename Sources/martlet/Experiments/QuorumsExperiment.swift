// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletOptimizer
import MartletTypes

/// How large quorums are for several f and Δ: adaptation §8, experiment 5.
struct QuorumsExperiment: ExperimentReport {
    private let faultModel: FaultModel
    private let deltas: CountRange
    private let tables: [QuorumTable]

    init(_ faultModel: FaultModel, fs: CountRange, deltas: CountRange) throws {
        self.faultModel = faultModel
        self.deltas = deltas
        guard fs.counts.count <= Self.fsMax else { throw CommandFailure("--f names more than \(Self.fsMax) values") }
        tables = try fs.counts.map { try QuorumTable(faultModel, f: $0, deltas: deltas) }
    }

    private static let fsMax = 8

    private struct Row {
        let rule: QuorumRule
        var sizes: QuorumSizes { QuorumSizes(rule) }
    }

    private var rows: [Row] { tables.flatMap(\.rules).map(Row.init) }

    var text: String {
        var table = ConsoleTable([
            .init("f", .right), .init("Δ", .right), .init("n", .right), .init("smallest quorum", .right),
            .init("largest quorum", .right), .init("equal weights", .right), .init("smallest of n", .right),
        ])
        for row in rows {
            let share = Double(row.sizes.smallest) * 100 / Double(row.rule.n)
            table.add([
                "\(row.rule.f)", "\(row.rule.delta)", "\(row.rule.n)", "\(row.sizes.smallest)", "\(row.sizes.largest)",
                "\(row.sizes.equal)", Rounding.text(share, digits: 0) + " %",
            ])
        }
        return "Replicas in a quorum (\(faultModel) faults), with WHEAT's weights and with equal ones.\n\n" + table.text
    }

    var json: JSONValue {
        let rows = rows.map { row -> JSONValue in
            .object([
                "f": .integer(row.rule.f), "delta": .integer(row.rule.delta), "n": .integer(row.rule.n),
                "smallest": .integer(row.sizes.smallest), "largest": .integer(row.sizes.largest),
                "equal": .integer(row.sizes.equal),
            ])
        }
        return .object([
            "ok": true, "experiment": "quorums", "faultModel": .text("\(faultModel)"), "rows": .list(rows),
        ])
    }

    var chart: Chart {
        let series = tables.flatMap { table -> [Chart.Series] in
            let sizes = table.rules.map(QuorumSizes.init)
            return [
                Chart.Series("f = \(table.f): smallest", .line, sizes.map { Double($0.smallest) }),
                Chart.Series("f = \(table.f): largest", .line, sizes.map { Double($0.largest) }),
                Chart.Series("f = \(table.f): equal weights", .dashes, sizes.map { Double($0.equal) }),
            ]
        }
        return Chart(
            title: "Quorums with WHEAT's weights and with equal ones (\(faultModel))", xTitle: "Δ: replicas to spare",
            yTitle: "replicas in a quorum", categories: deltas.counts.map { "\($0)" }, series: series)
    }
}
