// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletSimulation

/// Runs trials in virtual time, several at once.
struct TrialRunner: Sendable {
    /// So many at once.
    let jobs: Int

    init(jobs: Int?) { self.jobs = jobs ?? ProcessInfo.processInfo.activeProcessorCount }

    /// The results in the order of the scenarios. `progress` is told how many are done.
    func run(
        _ scenarios: [Scenario], progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> [TrialResult] {
        try await withThrowingTaskGroup(of: (Int, TrialResult).self) { group in
            var results: [TrialResult?] = Array(repeating: nil, count: scenarios.count)
            var waiting = scenarios.enumerated().makeIterator()
            for _ in 0..<jobs {
                guard let (place, scenario) = waiting.next() else { break }
                group.addTask { (place, TrialResult(simulating: scenario)) }
            }
            var done = 0
            for try await (place, result) in group {
                results[place] = result
                done += 1
                progress(done)
                try Task.checkCancellation()
                guard let (next, scenario) = waiting.next() else { continue }
                group.addTask { (next, TrialResult(simulating: scenario)) }
            }
            return results.compactMap { $0 }
        }
    }
}
