// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletSimulation

/// `martlet simulate`: runs seeds of the simulator, and says which broke a rule.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Run the protocol in virtual time, with faults and liars, by seeds.",
        discussion: "The same seed gives the same run. Ends with a non-zero status when a run breaks a rule.")

    @Option(help: "The seeds, as A..B (both included) or one alone.") var seeds: SeedRange
    @Flag(help: "Print every event (one seed only).") var trace = false
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws {
        guard !trace || seeds.isOne else {
            throw ValidationError("--trace goes with one seed, as in --seeds \(seeds.first)..\(seeds.first)")
        }
    }

    func run() async throws {
        let console = Console(isJSON: json)
        SeedNote.install()
        let clock = ContinuousClock()
        let start = clock.now
        let summary = trace ? traced(console) : await runAll()
        let seconds = (clock.now - start) / .seconds(1)
        console.say(summary.text(seconds: seconds))
        console.report(summary.json(seconds: seconds))
        if summary.violations > 0 { throw ExitCode(1) }
    }

    private func traced(_ console: Console) -> SimulationSummary {
        let report = Simulator.run(seed: seeds.first) { console.say($0) }
        Self.tell(report)
        var summary = SimulationSummary()
        summary.add(report)
        return summary
    }

    private func runAll() async -> SimulationSummary {
        await SeedRunner(seeds) { report, done in
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
