// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import FoundationXML
import MartletOptimizer
import MartletSimulation
import MartletTypes
import Testing

@testable import martlet_cli

@Suite struct ExperimentTests {
    /// The published five regions.
    static let regions = """
        from\\to,oregon,ireland,sydney,saopaulo,virginia
        oregon,0,67739,69185,93000,40285
        ireland,67739,0,132581,92021,35496
        sydney,69185,132581,0,156703,99237
        saopaulo,93000,92021,156703,0,70210
        virginia,40285,35496,99237,70210,0
        """

    private static func trial(_ arguments: String...) throws -> (TrialOptions, WideAreaTrial) {
        let scratch = try Scratch()
        let file = try scratch.file("links.csv", regions)
        let options = try TrialOptions.parse(["--matrix", file, "--unit", "us-oneway"] + arguments)
        return (options, try options.trial())
    }

    // MARK: - Configurations

    private static func model(_ trial: WideAreaTrial) -> LatencyModel {
        let links = trial.places.links(between: trial.replicas)
        return LatencyModel(rule: trial.rule, propose: links, vote: links)
    }

    @Test func consensusTakesWhatIsPredictedInAllTwentyConfigurations() async throws {
        let (options, trial) = try Self.trial("--seconds", "4", "--warmup", "1")
        let optimizer = Optimizer(model: Self.model(trial), ids: (0..<5).map { ReplicaID($0) })
        let ranking = ExhaustiveSearch.ranking(optimizer.model, optimizer.space, ids: optimizer.ids)
        let results = try await options.runner.run(
            ranking.map {
                trial.scenario(
                    $0.assignment, leaderOrder: optimizer.leaderOrder(of: $0.assignment), .writes)
            })
        #expect(ranking.count == 20 && results.count == 20)
        let rows = zip(ranking, results).map { candidate, result in
            ConfigurationsReport.Row(
                assignment: candidate.assignment, predicted: candidate.latency, first: candidate.latency,
                consensus: result.consensus(from: 1_000_000), writes: result.calls(from: 0), predictedWrites: [],
                writesBesideReads: [], predictedBesideReads: [], tentativeWrites: [], predictedTentative: [], reads: [],
                predictedReads: [], leaderChanges: 0,
                violations: [])
        }
        let report = ConfigurationsReport(
            names: trial.replicas.map { "\($0)" }, clientNames: trial.clients.map { "\($0)" }, rows: rows)
        #expect(report.isPublished && report.text.contains("359.78") && report.text.contains("589.56"))
        for (candidate, result) in zip(ranking, results) {
            #expect(result.violations.isEmpty && result.leaderChanges == 0)
            let measured = try #require(result.consensus(from: 1_000_000).middleMean)
            let predicted = Double(candidate.latency.rawValue)
            #expect(abs(measured - predicted) < 0.03 * predicted, "\(candidate): \(measured) µs")
        }
    }

    /// What clients are told, against their bounds and against what was published of the same links.
    @Test(arguments: [(4, 0, 359.78, 0.72), (2, 1, 589.56, 0.70)])
    func clientsWaitLittleMoreThanTheyMust(leader: Int, other: Int, published: Double, ratio: Double) throws {
        let (_, trial) = try Self.trial("--seconds", "20", "--warmup", "2")
        let assignment = WeightAssignment(
            leader: ReplicaIndex(leader), heavy: ReplicaSet([ReplicaIndex(leader), ReplicaIndex(other)]))
        let order = [leader] + (0..<5).filter { $0 != leader }
        for load in WideAreaTrial.Load.allCases {
            let result = TrialResult(
                simulating: trial.scenario(assignment, leaderOrder: order.map { ReplicaIndex($0) }, load))
            #expect(result.violations.isEmpty && result.leaderChanges == 0)
            let measured = try #require(ConfigurationsReport.Row.overall(result.calls(from: 2_000_000)))
            let bound = ConfigurationsReport.Row.overall(
                ConfigurationsExperiment(trial).bounds(assignment, load))
            // Nobody can be answered before the bound, and few wait much longer.
            #expect(measured >= bound && measured < bound * 1.02, "\(load): \(measured) µs, at least \(bound) µs")
            if load == .writes { #expect(measured < ratio * published * 1_000) }
            if load == .tentativeWrites, leader == 4 { #expect(measured < 0.64 * published * 1_000) }
        }
    }

    @Test func everyConfigurationIsRunAndReported() async throws {
        let (options, trial) = try Self.trial(
            "--seconds", "2", "--warmup", "1", "--replicas", "oregon,ireland,saopaulo,virginia")
        let report = try await ConfigurationsExperiment(trial).run(options.runner) { _, _ in }
        #expect(report.rows.count == 12 && report.isSound && !report.isPublished)
        #expect(report.rows.map(\.predicted) == report.rows.map(\.predicted).sorted())
        let object = try #require(
            JSONSerialization.jsonObject(with: Data("\(report.json)".utf8)) as? [String: Any])
        #expect((object["rows"] as? [Any])?.count == 12 && object["ok"] as? Bool == true)
        #expect(report.chart.categories.count == 12 && report.text.contains(report.chart.categories[0]))
    }

    // MARK: - Overhead

    /// Each ratio is between runs of one round: a slow round says nothing of the cost.
    @Test func whatMeasuringCostsIsComparedWithinARound() throws {
        func run(_ round: Int, _ permille: Int, _ throughput: Double, _ cpu: Double?) -> OverheadReport.Run {
            OverheadReport.Run(round: round, permille: permille, throughput: throughput, cpu: cpu, p50: 5)
        }
        let report = OverheadReport(
            sentence: "",
            runs: [
                run(1, 0, 1_000, 10), run(1, 500, 900, 11), run(2, 500, 480, 24), run(2, 0, 500, 20),
                run(3, 0, 800, nil), run(3, 500, 720, 12),
            ])
        #expect(report.isSound && report.rows.map(\.permille) == [0, 500])
        #expect(report.rows[0].throughputRatio == 1 && report.rows[0].cpuRatio == 1)
        #expect(report.rows[1].throughput == 720 && report.rows[1].throughputRatio == 0.9)
        #expect(abs((report.rows[1].cpuRatio ?? 0) - 1.15) < 1e-9)
        #expect(report.text.contains("90.0 %") && report.chart.categories == ["0.000", "0.500"])
        let object = try #require(
            JSONSerialization.jsonObject(with: Data("\(report.json)".utf8)) as? [String: Any])
        #expect((object["rows"] as? [Any])?.count == 2 && (object["runs"] as? [Any])?.count == 6)
    }

    @Test(arguments: [
        ["--omega", "0,x"], ["--omega", "1001"], ["--rounds", "0"], ["--seconds", "0"], ["--n", "3"],
        ["--clients", "0"],
    ])
    func whatCannotBeRunIsRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try OverheadCommand.parse(arguments) }
    }

    @Test func tooManyConfigurationsAreRefused() async throws {
        let places = (0..<13).map { "p\($0)" }
        let rows = places.enumerated().map { row, name in
            ([name] + places.indices.map { $0 == row ? "0" : "\(1000 + row + $0)" }).joined(separator: ",")
        }
        let scratch = try Scratch()
        let file = try scratch.file(
            "links.csv", (["x," + places.joined(separator: ",")] + rows).joined(separator: "\n"))
        let options = try TrialOptions.parse(["--matrix", file, "--unit", "us-oneway", "--f", "3"])
        await #expect(throws: CommandFailure.self) {
            try await ConfigurationsExperiment(options.trial()).run(options.runner) { _, _ in }
        }
    }

    @Test func aRunWithAnotherLeaderThanTheConfigurationsIsWorthless() {
        func row(_ leaderChanges: Int, _ violations: [String]) -> ConfigurationsReport.Row {
            let some = LatencySample([1])
            return ConfigurationsReport.Row(
                assignment: WeightAssignment(leader: ReplicaIndex(0), heavy: ReplicaSet()), predicted: Latency(1),
                first: Latency(1), consensus: some, writes: [some], predictedWrites: [Latency(1)],
                writesBesideReads: [some], predictedBesideReads: [Latency(1)], tentativeWrites: [some],
                predictedTentative: [Latency(1)], reads: [some], predictedReads: [Latency(1)],
                leaderChanges: leaderChanges, violations: violations)
        }
        func isSound(_ row: ConfigurationsReport.Row) -> Bool {
            ConfigurationsReport(names: ["a"], clientNames: ["a"], rows: [row]).isSound
        }
        #expect(isSound(row(0, [])) && !isSound(row(1, [])) && !isSound(row(0, ["wrong"])))
    }

    // MARK: - Leaders

    @Test func theBestConnectedPlaceIsBestForNearlyAllClients() async throws {
        let (options, trial) = try Self.trial(
            "--seconds", "5", "--warmup", "1", "--replicas", "oregon,ireland,saopaulo,virginia", "--clients",
            "oregon,ireland,sydney")
        let report = try await LeaderLocationExperiment(trial, .writes).run(options.runner) { _, _ in }
        #expect(report.isSound && report.rows.map(\.leader) == ["oregon", "ireland", "saopaulo", "virginia"])
        let means = try report.rows.map { row in
            try row.calls.reduce(0) { $0 + (try #require($1.percentile(50))) }
        }
        #expect(means.min() == means[3] && means.max() == means[2])
        #expect(report.clientNames == ["oregon", "ireland", "sydney"])
        #expect(report.chart.categories == report.clientNames && report.chart.series.count == 4)
    }

    // MARK: - Quorums and search

    @Test func weightsMakeTheSmallestQuorumSmallerAndTheLargestLarger() throws {
        let report = try QuorumsExperiment(
            .byzantine, fs: CountRange(counts: 1...2), deltas: CountRange(counts: 0...3))
        #expect(report.chart.series.count == 6)
        // f = 1, Δ = 3: heavy members weigh 4 each, a quorum 9: two of them and a light one, or all five light and one.
        #expect(report.chart.series[0].values.last == 3 && report.chart.series[1].values.last == 6)
        #expect(report.chart.series[2].values.last == 5)
        #expect(throws: CommandFailure.self) {
            try QuorumsExperiment(.crash, fs: CountRange(counts: 1...9), deltas: CountRange(counts: 0...1))
        }
    }

    @Test func searchesAreComparedWithAllCandidatesWhereThatIsPossible() {
        let report = SearchExperiment(sizes: [5, 9], rivals: 2, seed: 1, file: nil).run { _ in }
        #expect(report.rows.count == 2 && report.rows.allSatisfy(\.isExhaustive))
        #expect(report.rows.allSatisfy { $0.loss >= 0 && $0.loss < 1 })
        let wrong = SearchReport.Row(
            source: "x", n: 5, f: 1, candidates: 20, method: .heuristic, milliseconds: 1, heuristicMilliseconds: 1,
            predictions: 1, found: Latency(110), best: Latency(100), isExhaustive: true)
        #expect(wrong.loss == 10)
    }

    // MARK: - Numbers and pictures

    @Test func theMiddleOfASampleIsWithoutItsTenths() {
        let sample = LatencySample((1...100).map { Double($0) })
        #expect(sample.middleMean == 50.5 && sample.percentile(50) == 50 && sample.percentile(100) == 100)
        #expect(LatencySample([1_000, 2, 2, 2, 2, 2, 2, 2, 2, 0]).middleMean == 2)
        #expect(LatencySample([]).middleMean == nil && LatencySample([]).percentile(90) == nil)
        #expect(LatencySample([7]).percentile(1) == 7 && LatencySample([7]).mean == 7)
    }

    @Test func chartsAreWellFormedAndKeepWithinTheirFrame() throws {
        let chart = Chart(
            title: "a < b & c", xTitle: "x", yTitle: "y", categories: ["\"one\"", "two"],
            series: [
                Chart.Series("bars", .bars, [1, nil], upTo: [3, nil]), Chart.Series("line", .line, [2, 7.5]),
                Chart.Series("dashes", .dashes, [nil, 2]), Chart.Series("points", .points, [0, 1]),
            ])
        #expect(chart.scale.top == 8 && chart.scale.step == 1)
        let parser = XMLParser(data: Data(ChartDrawing(chart).svg.utf8))
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        let empty = Chart(title: "", xTitle: "", yTitle: "", categories: [], series: [])
        #expect(XMLParser(data: Data(ChartDrawing(empty).svg.utf8)).parse())
    }

    @Test(arguments: [(0.0, "0"), (12.34, "12.3"), (5, "5"), (0.125, "0.125"), (100, "100"), (-1.5, "-1.5")])
    func numbersInChartsHaveNoIdleDigits(value: Double, text: String) {
        #expect(ChartDrawing.text(value) == text)
    }
}
