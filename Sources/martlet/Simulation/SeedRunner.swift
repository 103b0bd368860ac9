// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletSimulation
import Synchronization

/// Runs many seeds at the same time.
final class SeedRunner: Sendable {
    private struct State {
        var next: UInt64
        var summary = SimulationSummary()
    }

    private let range: SeedRange
    private let jobs: Int
    private let state: Mutex<State>
    /// Called for each run, by whichever thread ends it.
    private let onReport: @Sendable (SimulationReport, _ done: Int) -> Void

    /// `jobs`: so many at a time; nil for as many as there are cores.
    init(
        _ range: SeedRange, jobs: Int? = nil, onReport: @escaping @Sendable (SimulationReport, _ done: Int) -> Void
    ) {
        self.range = range
        self.jobs = max(1, jobs ?? ProcessInfo.processInfo.activeProcessorCount)
        state = Mutex(State(next: range.first))
        self.onReport = onReport
    }

    func run() async -> SimulationSummary {
        await withTaskGroup { group in
            for _ in 0..<jobs {
                group.addTask { [self] in
                    while let seed = takeSeed() {
                        SeedNote.begin(seed)
                        finish(Simulator.run(seed: seed))
                    }
                }
            }
        }
        return state.withLock { $0.summary }
    }

    private func takeSeed() -> UInt64? {
        state.withLock { state in
            guard state.next <= range.last else { return nil }
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
