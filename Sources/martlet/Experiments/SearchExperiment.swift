// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletOptimizer
import MartletSimulation
import MartletTypes

/// How long the search for the best configuration takes, and how good it is (adaptation §8, experiment 6): on made-up
/// places, and on the first places of a file.
struct SearchExperiment: Sendable {
    static let sizesMax = 32
    /// Up to so many candidates · n² the heuristic is compared with all candidates: about half a minute.
    private static let comparedWorkMax: UInt64 = 1_200_000_000

    let sizes: [Int]
    /// Of searches with other seeds, where not all candidates can be looked at.
    let rivals: Int
    let seed: UInt64
    /// The places of a file; nil for none.
    let file: MatrixPlaces?

    func run(progress: (String) -> Void) -> SearchReport {
        var rows: [SearchReport.Row] = []
        for n in sizes {
            rows.append(row("made up", n, madeUp(n)))
            progress("n = \(n), made up: done")
            guard let file, file.matrix.regions.count >= n else { continue }
            rows.append(row("file", n, file.links(between: Array(0..<n))))
            progress("n = \(n), file: done")
        }
        return SearchReport(rows: rows)
    }

    /// A quarter of them are faulty, so that weights differ.
    static func rule(_ n: Int) -> QuorumRule {
        QuorumRule(faultModel: .byzantine, n: n, f: max(1, (n - 1) / 4))
    }

    private func row(_ source: String, _ n: Int, _ links: LinkLatencies) -> SearchReport.Row {
        let model = LatencyModel(rule: Self.rule(n), propose: links, vote: links)
        let optimizer = Optimizer(model: model, ids: (0..<n).map { ReplicaID(UInt16($0)) })
        let usual = optimizer.methodThatFits
        let (search, took) = timed { optimizer.search(seed: seed) }
        let (heuristic, heuristicTook) =
            usual == .heuristic ? (search, took) : timed { optimizer.search(seed: seed, by: .heuristic) }
        let isCompared = optimizer.space.count <= Self.comparedWorkMax / UInt64(n * n)
        let reference =
            isCompared
            ? [usual == .exhaustive ? search : optimizer.search(by: .exhaustive)]
            : (1..<UInt64(max(2, rivals))).map { optimizer.search(seed: seed &+ $0, by: .heuristic) }
        let best = (reference + [heuristic]).compactMap { $0.best?.latency }.min() ?? .missing
        return SearchReport.Row(
            source: source, n: n, f: model.rule.f, candidates: optimizer.space.count, method: usual,
            milliseconds: took, heuristicMilliseconds: heuristicTook, predictions: search.predictions,
            found: heuristic.best?.latency ?? .missing, best: best, isExhaustive: isCompared)
    }

    private func timed(_ search: () -> SearchOutcome) -> (SearchOutcome, Double) {
        let clock = ContinuousClock()
        let start = clock.now
        let outcome = search()
        return (outcome, (clock.now - start) / .milliseconds(1))
    }

    /// Places on a plane of a quarter of a second each way, as far from each other as the straight line is long, and half
    /// a millisecond.
    private func madeUp(_ n: Int) -> LinkLatencies {
        var random = SeededRandom(seed: seed &+ UInt64(n))
        let side = 250_000
        let points = (0..<n).map { _ in (Double(random.below(side)), Double(random.below(side))) }
        return LinkLatencies(
            points.map { from in
                points.map { to in
                    let (x, y) = (from.0 - to.0, from.1 - to.1)
                    return Latency(UInt64((x * x + y * y).squareRoot().rounded()) + 500)
                }
            })
    }
}

/// What came of it.
struct SearchReport: ExperimentReport, Sendable {
    struct Row: Sendable {
        let source: String
        let n: Int
        let f: Int
        let candidates: UInt64
        /// What the optimiser does for a group of this size, and how long it takes.
        let method: SearchMethod
        let milliseconds: Double
        let heuristicMilliseconds: Double
        let predictions: Int
        /// By the heuristic.
        let found: Latency
        /// The best that is known: of all candidates, or of several heuristic searches.
        let best: Latency
        let isExhaustive: Bool

        /// By how many percent the heuristic's outcome is worse than the best known.
        var loss: Double {
            best.isMissing || best == .zero
                ? 0 : (Double(found.rawValue) - Double(best.rawValue)) * 100 / Double(best.rawValue)
        }
    }

    let rows: [Row]

    var text: String {
        var table = ConsoleTable([
            .init("n", .right), .init("f", .right), .init("places"), .init("candidates", .right), .init("search"),
            .init("takes", .right), .init("predictions", .right), .init("heuristic", .right), .init("finds", .right),
            .init("best known", .right), .init("of"), .init("worse by", .right),
        ])
        for row in rows {
            table.add([
                "\(row.n)", "\(row.f)", row.source, row.candidates == .max ? "more than 10^19" : "\(row.candidates)",
                row.method.rawValue, Self.milliseconds(row.milliseconds), "\(row.predictions)",
                Self.milliseconds(row.heuristicMilliseconds), OptimizationReport.milliseconds(row.found),
                OptimizationReport.milliseconds(row.best), row.isExhaustive ? "all" : "several searches",
                Rounding.text(row.loss, digits: 2) + " %",
            ])
        }
        return table.text
    }

    private static func milliseconds(_ value: Double) -> String { Rounding.text(value, digits: 1) + " ms" }

    var json: JSONValue {
        .object(["ok": true, "experiment": "search", "rows": .list(rows.map(Self.json))])
    }

    private static func json(_ row: Row) -> JSONValue {
        .object([
            "places": .text(row.source), "n": .integer(row.n), "f": .integer(row.f),
            "candidates": row.candidates > Int.max ? .null : .integer(Int(row.candidates)),
            "search": .text(row.method.rawValue), "milliseconds": .number(row.milliseconds),
            "predictions": .integer(row.predictions), "heuristicMilliseconds": .number(row.heuristicMilliseconds),
            "foundMicroseconds": .integer(Int(clamping: row.found.rawValue)),
            "bestKnownMicroseconds": .integer(Int(clamping: row.best.rawValue)),
            "isComparedWithAll": .boolean(row.isExhaustive), "worseByPercent": .number(row.loss),
        ])
    }

    var chart: Chart {
        let sizes = rows.map(\.n).reduce(into: [Int]()) { if $0.last != $1 { $0.append($1) } }
        let sources = rows.map(\.source).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return Chart(
            title: "How long the search for the best configuration takes", xTitle: "replicas", yTitle: "seconds",
            categories: sizes.map { "\($0)" },
            series: sources.map { source in
                Chart.Series(
                    source, .line,
                    sizes.map { n in rows.first { $0.n == n && $0.source == source }.map { $0.milliseconds / 1_000 } })
            })
    }
}
