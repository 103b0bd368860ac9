// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import MartletClient
import MartletClientCore
import MartletSimulation
import MartletTypes
import Synchronization

/// Closed-loop load: each session has one operation outstanding and hands in the next when that is answered.
final class ClosedLoop: Sendable {
    private struct State {
        var record: LoadRecord
        var started: [Instant]
        /// Sessions whose first operation has not been answered yet.
        var untried: Int
        var isStopped = false
        var recording: LoadRecording?
    }

    private let sessions: [ClientSession]
    private let payload: Bytes
    private let deadline: Duration
    private let state: Mutex<State>

    /// With a recording, its operations are handed in and written down; without, payloads of so many bytes.
    init(sessions: [ClientSession], payloadBytes: Int, deadline: Duration, recording: LoadRecording? = nil) {
        self.sessions = sessions
        self.deadline = deadline
        payload = Bytes(repeating: 1, count: payloadBytes)
        let now = Self.now
        state = Mutex(
            State(
                record: LoadRecord(from: now), started: Array(repeating: now, count: sessions.count),
                untried: sessions.count, recording: recording))
    }

    static var now: Instant { Instant(DispatchTime.now().uptimeNanoseconds) }

    func start() {
        for place in sessions.indices { next(place) }
    }

    func stop() { state.withLock { $0.isStopped = true } }

    var isWarm: Bool { state.withLock { $0.untried <= 0 } }

    /// Begins a new interval, and returns the record of the one that ends.
    func cut() -> LoadRecord {
        let now = Self.now
        return state.withLock { state in
            var record = LoadRecord(from: now)
            swap(&record, &state.record)
            record.end(at: now)
            return record
        }
    }

    /// What was recorded so far.
    var history: ClientHistory? { state.withLock { $0.recording?.history } }

    private func next(_ place: Int) {
        let recorded = state.withLock { state in
            state.started[place] = Self.now
            return state.recording?.begin(place, at: Self.now)
        }
        sessions[place].submit(
            recorded?.payload ?? payload, kind: recorded?.isRead == true ? .read : .operation, deadline: deadline
        ) { [self] outcome in ended(place, outcome) }
    }

    private func ended(_ place: Int, _ outcome: Outcome) {
        let now = Self.now
        let goesOn = state.withLock { state in
            state.untried -= 1
            state.recording?.end(place, outcome, at: now)
            switch outcome {
            case .result:
                state.record.completed(after: now.since(state.started[place]), at: now)
                return !state.isStopped
            case .unknown(let reason):
                state.record.failed("\(reason)")
                return !state.isStopped && reason != .closed
            case .failed(let reason):
                // The next one would fail as well, and at once.
                state.record.failed("\(reason)")
                return false
            }
        }
        if goesOn { next(place) }
    }
}
