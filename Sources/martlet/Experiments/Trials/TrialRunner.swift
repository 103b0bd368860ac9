// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletSimulation

/// Runs trials, several at once.
struct TrialRunner: Sendable {
    /// So many at once.
    let jobs: Int
    private let runOne: @Sendable (Scenario) async throws -> TrialResult

    init(jobs: Int, run: @escaping @Sendable (Scenario) async throws -> TrialResult) {
        self.jobs = jobs
        runOne = run
    }

    /// In virtual time; as many at once as there are cores, unless told otherwise.
    static func simulated(jobs: Int?) -> TrialRunner {
        TrialRunner(jobs: jobs ?? ProcessInfo.processInfo.activeProcessorCount) { TrialResult(simulating: $0) }
    }

    /// With processes and a relay.
    static func real(jobs: Int) -> TrialRunner {
        TrialRunner(jobs: jobs) { scenario in
            let place = ScratchDirectory(named: nil, kind: "wan", keeps: false)
            defer { place.removeIfTemporary() }
            return try await WideAreaRun(scenario: scenario, directory: place.path, executable: nil) { _ in }.run()
                .result
        }
    }

    /// The results in the order of the scenarios. `progress` is told how many are done.
    func run(
        _ scenarios: [Scenario], progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> [TrialResult] {
        try await withThrowingTaskGroup(of: (Int, TrialResult).self) { group in
            var results: [TrialResult?] = Array(repeating: nil, count: scenarios.count)
            var waiting = scenarios.enumerated().makeIterator()
            for _ in 0..<jobs {
                guard let (place, scenario) = waiting.next() else { break }
                group.addTask { (place, try await runOne(scenario)) }
            }
            var done = 0
            for try await (place, result) in group {
                results[place] = result
                done += 1
                progress(done)
                try Task.checkCancellation()
                guard let (next, scenario) = waiting.next() else { continue }
                group.addTask { (next, try await runOne(scenario)) }
            }
            return results.compactMap { $0 }
        }
    }
}
