// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Other weights, leaders and settings at run time.
extension ScenarioGenerator {
    /// One after the other, in times of trouble and after.
    mutating func makeViews() {
        for _ in 0..<random.pick([1, 2, 3, 3, 5]) {
            scenario.reconfigurations.append(
                ReconfigurationPlan(
                    at: random.instant(from: .zero, to: scenario.healsAt + .milliseconds(50)),
                    firstHeavy: random.below(scenario.n), firstLeader: random.below(scenario.n),
                    window: random.chance(permille: 300) ? random.pick([1, 2, 4, 16]) : nil))
        }
        for place in scenario.liars.indices where random.chance(permille: 500) {
            scenario.liars[place].kinds.append(.viewLiar)
        }
    }
}
