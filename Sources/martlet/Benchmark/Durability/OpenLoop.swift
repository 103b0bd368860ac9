// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletClient
import MartletClientCore
import MartletTypes
import Synchronization

/// Open-loop load: operations fall due at random moments, so many a second on average, whether or not earlier ones have been
/// answered. Each one's latency counts from when it was due, so that a group is charged for all that it kept waiting
/// (no coordinated omission).
final class OpenLoop: Sendable {
    /// What became of the operations that fell due in the measured time.
    struct Trial: Sendable {
        /// Operations a second.
        let rate: Double
        var due = 0
        var record: LoadRecord
        /// More were waiting than a group that keeps up ever lets wait: the load was ended early.
        var isOverrun = false

        /// Whether all was answered, 99 of 100 within `latencyMax` milliseconds. An answer that never came is as late as can be.
        func isKept(latencyMax: Double) -> Bool {
            !isOverrun && record.failed == 0 && record.completed * 1_000 >= due * 999
                && record.latency(atPercentile: 99) <= latencyMax * 1_000
        }
    }

    private struct State {
        var trial: Trial
        var waiting = 0
    }

    /// Answers that are still due when the time is over are waited for so long.
    private static let patience = Duration.seconds(2)

    private let sessions: [ClientSession]
    private let payload: Bytes
    private let rate: Double
    private let state: Mutex<State>

    init(sessions: [ClientSession], payload: Bytes, rate: Double) {
        self.sessions = sessions
        self.payload = payload
        self.rate = rate
        state = Mutex(State(trial: Trial(rate: rate, record: LoadRecord(from: ClosedLoop.now))))
    }

    /// Runs for so long, without counting what was due in the warm-up; returns once all is answered, or will not be.
    func run(warmup: Duration, measured: Duration) async throws -> Trial {
        let begin = ClosedLoop.now
        let (from, end) = (begin + Interval(warmup), begin + Interval(warmup + measured))
        var next = begin + gap()
        var place = 0
        while !state.withLock(\.trial.isOverrun) {
            let now = ClosedLoop.now
            while next <= now, next < end {
                handIn(to: sessions[place % sessions.count], due: next, counts: next >= from)
                place += 1
                next = next + gap()
            }
            if next >= end { break }
            try await Task.sleep(for: .microseconds(300))
        }
        try await drain()
        return state.withLock(\.trial)
    }

    private func handIn(to session: ClientSession, due: Instant, counts: Bool) {
        let waitingMax = Int(rate)
        let goesOn = state.withLock { state in
            if state.waiting >= waitingMax { state.trial.isOverrun = true }
            guard !state.trial.isOverrun else { return false }
            state.waiting += 1
            state.trial.due += counts ? 1 : 0
            return true
        }
        guard goesOn else { return }
        session.submit(payload, deadline: .seconds(30)) { [self] outcome in
            let now = ClosedLoop.now
            state.withLock { state in
                state.waiting -= 1
                guard counts else { return }
                if case .result = outcome {
                    state.trial.record.completed(after: now.since(due), at: now)
                } else {
                    state.trial.record.failed("\(outcome)")
                }
            }
        }
    }

    /// After an overrun until nothing waits, so that the next load finds a group that is at rest.
    private func drain() async throws {
        let patience = state.withLock(\.trial.isOverrun) ? Duration.seconds(30) : Self.patience
        let limit = ContinuousClock.now + patience
        while state.withLock(\.waiting) > 0, ContinuousClock.now < limit {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Between two operations: exponentially distributed, as with many independent users.
    private func gap() -> Interval {
        let seconds = -log(1 - Double.random(in: 0..<1)) / rate
        return Interval(nanoseconds: UInt64(seconds * 1e9))
    }
}
