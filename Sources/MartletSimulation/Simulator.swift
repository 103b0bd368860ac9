// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Runs one scenario in virtual time. The same seed gives the same run, event for event.
public enum Simulator {
    /// Runs the scenario that the seed stands for. `trace` is given one line per event.
    public static func run(seed: UInt64, trace: ((String) -> Void)? = nil) -> SimulationReport {
        run(ScenarioGenerator.scenario(seed: seed), trace: trace)
    }

    package static func run(_ scenario: Scenario, trace: ((String) -> Void)? = nil) -> SimulationReport {
        let world = World(scenario, trace: Trace(trace))
        world.run()
        return SimulationReport(world)
    }
}
