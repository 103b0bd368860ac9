// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletSimulation

/// `martlet simulate`: runs seeds of the simulator, and says which broke a rule.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Run the protocol in virtual time, with faults and liars, by seeds.",
        discussion: "The same seed gives the same run. Ends with a non-zero status when a run breaks a rule.")

    @Option(help: "The seeds, as A..B (both included) or one alone.") var seeds: SeedRange?
    @Option(help: "A scenario instead: a YAML file, or the name of a stock one.") var scenario: String?
    @Flag(help: "All stock scenarios instead.") var stock = false
    @Option(help: "Make this failing seed's scenario smaller, and write it as YAML.") var shrink: UInt64?
    @Flag(help: "Name the stock scenarios.") var list = false
    @Option(help: "So many seeds at a time; by default as many as there are cores.") var jobs: Int?
    @Flag(help: "Print every event (one seed or scenario only).") var trace = false
    @Flag(help: "Print the scenario as YAML and do not run it (one seed or scenario only).") var export = false
    @Option(help: "Write what clients called and were told as lines of JSON (one seed or scenario only).")
    var history: String?
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws {
        guard [seeds != nil, scenario != nil, stock, shrink != nil, list].count(where: { $0 }) == 1 else {
            throw ValidationError("Give one of --seeds A..B, --scenario FILE|NAME, --stock, --shrink SEED, --list.")
        }
        if let jobs, !(1...256).contains(jobs) { throw ValidationError("--jobs must be 1 to 256.") }
        let ofOneRun = ofOneRun
        guard let first = ofOneRun.first else { return }
        if list || stock || shrink != nil {
            let other = list ? "list" : stock ? "stock" : "shrink"
            throw ValidationError("--\(first) goes with one run, as in --seeds 1, not with --\(other).")
        }
        if export, ofOneRun.count > 1 {
            throw ValidationError("--export runs nothing, so that there is nothing for --\(first) to show.")
        }
        guard let seeds, !seeds.isOne else { return }
        throw ValidationError("--\(first) goes with one seed, as in --seeds \(seeds.first)..\(seeds.first)")
    }

    /// The names of the options given that go with one seed or scenario only; `export` last.
    private var ofOneRun: [String] {
        (trace ? ["trace"] : []) + (history != nil ? ["history"] : []) + (export ? ["export"] : [])
    }

    func run() async throws {
        let console = Console(isJSON: json)
        SeedNote.install()
        if list { return listScenarios(console) }
        if let shrink { return try ShrinkRun(seed: shrink).run(console) }
        let clock = ContinuousClock()
        let start = clock.now
        if export { return console.say(ScenarioFile.text(of: try one())) }
        let isOne = trace || scenario != nil || history != nil
        let summary = isOne ? try runOne(try one(), console) : await runAll()
        let seconds = (clock.now - start) / .seconds(1)
        console.say(summary.text(seconds: seconds))
        console.report(summary.json(seconds: seconds))
        if summary.violations > 0 { throw ExitCode(1) }
    }

    /// The one that is to be run.
    private func one() throws -> Scenario {
        guard let scenario else { return ScenarioGenerator.scenario(seed: seeds?.first ?? 1) }
        if let stock = StockScenarios.named(scenario) { return stock }
        guard scenario.contains("/") || scenario.contains(".") else {
            let hint = Spelling.nearest(to: scenario, among: StockScenarios.all.map(\.name))
            throw CommandFailure(
                "there is no stock scenario '\(scenario)'\(hint.map { "; did you mean '\($0)'?" } ?? "; see --list")")
        }
        return try ScenarioFile.read(file: scenario)
    }

    private func listScenarios(_ console: Console) {
        var table = ConsoleTable([.init("name"), .init("what it shows")])
        for scenario in StockScenarios.all { table.add([scenario.name, scenario.about]) }
        console.say(table.text)
        console.report(.object(["scenarios": .list(StockScenarios.all.map { .text($0.name) })]))
    }

    private func runOne(_ scenario: Scenario, _ console: Console) throws -> SimulationSummary {
        SeedNote.begin(scenario.seed)
        let report = Simulator.run(scenario, trace: trace ? { console.say($0) } : nil)
        Self.tell(report, command: self.scenario.map(Self.repeatCommand) ?? report.repeatCommand)
        if let history { try HistoryFile.write(report.history, to: history) }
        var summary = SimulationSummary()
        summary.add(report)
        return summary
    }

    private func runAll() async -> SimulationSummary {
        let scenarios = StockScenarios.all
        let range = seeds ?? .one
        let progress = SimulationProgress(total: stock ? scenarios.count : range.count)
        let onReport: @Sendable (SimulationReport, Int) -> Void = { report, done in
            if !report.violations.isEmpty { progress.clear() }
            let name = report.scenario
            Self.tell(report, command: name.isEmpty ? report.repeatCommand : Self.repeatCommand(scenario: name))
            progress.show(done: done)
        }
        let runner =
            stock
            ? SimulationRunner(count: scenarios.count, jobs: jobs, scenario: { scenarios[$0] }, onReport: onReport)
            : SimulationRunner(range, jobs: jobs, onReport: onReport)
        let summary = await runner.run()
        progress.clear()
        return summary
    }

    private static func repeatCommand(scenario: String) -> String { "martlet simulate --scenario \(scenario) --trace" }

    /// A run that broke a rule is told at once, with the command that repeats it.
    private static func tell(_ report: SimulationReport, command: String) {
        guard !report.violations.isEmpty else { return }
        let lines = report.violations.map { "  \($0)" }.joined(separator: "\n")
        let name = report.scenario.isEmpty ? "seed \(report.seed)" : report.scenario
        Console.note("\(name) broke a rule:\n\(lines)\n  repeat it with: \(command)")
    }
}
