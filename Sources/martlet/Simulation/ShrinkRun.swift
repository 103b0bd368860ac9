// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletSimulation

/// Makes a failing seed's scenario smaller and writes what is left.
struct ShrinkRun {
    let seed: UInt64
    private static let runsMax = 400

    func run(_ console: Console) throws {
        let scenario = ScenarioGenerator.scenario(seed: seed)
        guard let rule = Self.rule(of: Simulator.run(scenario)) else {
            throw CommandFailure("seed \(seed) breaks no rule; there is nothing to shrink")
        }
        var shrinker = Shrinker(runsMax: Self.runsMax) { Self.rule(of: Simulator.run($0)) == rule }
        var smallest = shrinker.shrink(scenario)
        smallest.name = "seed-\(seed)"
        smallest.about = "breaks the rule '\(rule)'"
        let file = "seed-\(seed).yaml"
        try Data(ScenarioFile.text(of: smallest).utf8).write(to: URL(filePath: file))
        console.say("\(file): still breaks the rule '\(rule)', after \(shrinker.runs) runs")
        console.say("repeat it with: martlet simulate --scenario \(file) --trace")
        console.report(.object(["file": .text(file), "runs": .integer(shrinker.runs), "rule": .text(rule)]))
    }

    /// The rule that broke first.
    private static func rule(of report: SimulationReport) -> String? {
        report.violations.first.map { String($0.prefix { $0 != "," && $0 != ":" }) }
    }
}
