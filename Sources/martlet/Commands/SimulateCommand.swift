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
    @Flag(help: "Print every event (one seed or scenario only).") var trace = false
    @Flag(help: "Print the scenario as YAML and do not run it (one seed or scenario only).") var export = false
    @Option(help: "Write what clients called and were told as lines of JSON (one seed or scenario only).")
    var history: String?
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws {
        guard (seeds == nil) != (scenario == nil) else {
            throw ValidationError("Give either --seeds A..B or --scenario FILE|NAME.")
        }
        guard let seeds, !seeds.isOne, trace || export || history != nil else { return }
        throw ValidationError(
            "--\(trace ? "trace" : export ? "export" : "history") goes with one seed, as in --seeds \(seeds.first)..\(seeds.first)"
        )
    }

    func run() async throws {
        let console = Console(isJSON: json)
        SeedNote.install()
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
        return try ScenarioFile.read(file: scenario)
    }

    private func runOne(_ scenario: Scenario, _ console: Console) throws -> SimulationSummary {
        SeedNote.begin(scenario.seed)
        let report = Simulator.run(scenario, trace: trace ? { console.say($0) } : nil)
        Self.tell(report)
        if let history { try HistoryFile.write(report.history, to: history) }
        var summary = SimulationSummary()
        summary.add(report)
        return summary
    }

    private func runAll() async -> SimulationSummary {
        await SeedRunner(seeds ?? .one) { report, done in
            Self.tell(report)
            if done % 1000 == 0 { Console.note("\(done) runs done") }
        }.run()
    }

    /// A run that broke a rule is told at once, with the command that repeats it.
    private static func tell(_ report: SimulationReport) {
        guard !report.violations.isEmpty else { return }
        let lines = report.violations.map { "  \($0)" }.joined(separator: "\n")
        Console.note("seed \(report.seed) broke a rule:\n\(lines)\n  repeat it with: \(report.repeatCommand)")
    }
}
