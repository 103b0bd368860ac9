// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletSimulation

/// Makes a failing seed's scenario smaller and writes what is left.
struct ShrinkRun {
    let seed: UInt64
    private static let runsMax = 400

    func run(_ console: Console) throws {
        SeedNote.begin(seed)
        let scenario = ScenarioGenerator.scenario(seed: seed)
        let report = Simulator.run(scenario)
        guard let failure = report.violations.first, let kind = Self.kind(of: report) else {
            throw CommandFailure("seed \(seed) breaks no rule; there is nothing to shrink")
        }
        var shrinker = Shrinker(runsMax: Self.runsMax) { Self.kind(of: Simulator.run($0)) == kind }
        var smallest = shrinker.shrink(scenario)
        smallest.name = "seed-\(seed)"
        smallest.about = "As drawn from seed \(seed) it broke a rule: \(failure)"
        let file = "seed-\(seed).yaml"
        try Data(ScenarioFile.text(of: smallest).utf8).write(to: URL(filePath: file))
        console.say("\(file) still fails (\(kind)), found with \(shrinker.runs) runs")
        console.say("repeat it with: martlet simulate --scenario \(file) --trace")
        console.report(.object(["file": .text(file), "runs": .integer(shrinker.runs), "kind": .text(kind)]))
    }

    private static func kind(of report: SimulationReport) -> String? { report.violations.first.map(kind) }

    /// The rule that broke and how, without time, place and values: what a smaller run must have in common with it to have
    /// failed in the same way.
    static func kind(_ violation: String) -> String {
        let parts = violation.split(separator: ": ", maxSplits: 2)
        let rule = parts[0].prefix { $0 != "," }
        guard parts.count > 1 else { return String(rule) }
        let words = parts[1].split(separator: " ").filter { !$0.contains(where: \.isNumber) }
        return "\(rule): \(words.joined(separator: " "))"
    }
}
