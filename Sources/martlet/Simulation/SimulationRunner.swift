// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletSimulation
import Synchronization

/// Runs many scenarios at the same time.
final class SimulationRunner: Sendable {
    private struct State {
        var next = 0
        var summary = SimulationSummary()
    }

    private let count: Int
    private let jobs: Int
    private let state = Mutex(State())
    /// The scenario of a place below `count`.
    private let scenario: @Sendable (Int) -> Scenario
    /// Called for each run, by whichever thread ends it.
    private let onReport: @Sendable (SimulationReport, _ done: Int) -> Void

    /// `jobs`: so many at a time; nil for as many as there are cores.
    init(
        count: Int, jobs: Int? = nil, scenario: @escaping @Sendable (Int) -> Scenario,
        onReport: @escaping @Sendable (SimulationReport, _ done: Int) -> Void
    ) {
        self.count = count
        self.jobs = max(1, jobs ?? ProcessInfo.processInfo.activeProcessorCount)
        self.scenario = scenario
        self.onReport = onReport
    }

    /// Draws the scenario of each seed.
    convenience init(
        _ seeds: SeedRange, jobs: Int? = nil, onReport: @escaping @Sendable (SimulationReport, _ done: Int) -> Void
    ) {
        self.init(
            count: seeds.count, jobs: jobs,
            scenario: { ScenarioGenerator.scenario(seed: seeds.first + UInt64($0)) }, onReport: onReport)
    }

    func run() async -> SimulationSummary {
        await withTaskGroup { group in
            for _ in 0..<jobs {
                group.addTask { [self] in
                    while let place = takePlace() {
                        let scenario = scenario(place)
                        SeedNote.begin(scenario.seed)
                        finish(Simulator.run(scenario))
                    }
                }
            }
        }
        return state.withLock { $0.summary }
    }

    private func takePlace() -> Int? {
        state.withLock { state in
            guard state.next < count else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    private func finish(_ report: SimulationReport) {
        let done = state.withLock { state in
            state.summary.add(report)
            return state.summary.seeds
        }
        onReport(report, done)
    }
}
