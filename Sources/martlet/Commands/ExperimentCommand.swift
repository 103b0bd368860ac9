// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletTypes

/// `martlet experiment`: what adaptation promises, measured.
struct ExperimentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiment", abstract: "Measure what weights and leaders do to latency: table, JSON and chart.",
        discussion: """
            In virtual time on emulated links; with --real the replicas and clients are processes on this machine, and a \
            relay process between them delays what they send.
            """,
        subcommands: [
            ConfigurationsCommand.self, LeaderLocationCommand.self, RuntimeCommand.self, QuorumSizesCommand.self,
            SearchCommand.self, OverheadCommand.self,
        ])
}

/// How an experiment's outcome is shown.
struct ExperimentOptions: ParsableArguments {
    @Option(help: "Write a chart to this file (SVG).") var chart: String?
    @Flag(help: "End with one line of JSON.") var json = false

    func show(_ make: @escaping @Sendable () async throws -> any ExperimentReport & Sendable) async throws {
        let console = Console(isJSON: json)
        try await FailureReport.telling(console) {
            let report = try await Interruptible.run(make)
            console.say(report.text)
            if let chart { try report.writeChart(to: chart) }
            console.report(report.json)
            guard report.isSound else { throw ExitCode(1) }
        }
    }
}

/// `martlet experiment quorums`.
struct QuorumSizesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quorums", abstract: "How large quorums are, with weights and with equal ones.")

    @Option(name: .customLong("f"), help: "How many replicas may be faulty, as A..B (both included) or one number.")
    var f = CountRange(counts: 1...3)
    @Option(help: "How many replicas there are beyond the fewest, as A..B or one number.")
    var delta = CountRange(counts: 0...12)
    @Option(help: "What a faulty replica may do: byzantine (anything) or crash (stop).") var faultModel = "byzantine"
    @OptionGroup var options: ExperimentOptions

    func validate() throws {
        guard FaultModel(faultModel) != nil else { throw ValidationError("--fault-model is byzantine or crash") }
    }

    func run() async throws {
        try await options.show {
            try QuorumsExperiment(FaultModel(faultModel) ?? .byzantine, fs: f, deltas: delta)
        }
    }
}
