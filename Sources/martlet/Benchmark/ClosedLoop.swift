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
    private let payload: @Sendable () -> Bytes
    private let deadline: Duration
    private let pause: Duration
    private let state: Mutex<State>

    /// With a recording, its operations are handed in and written down; without, payloads of so many bytes.
    convenience init(
        sessions: [ClientSession], payloadBytes: Int, deadline: Duration, pause: Duration = .zero,
        recording: LoadRecording? = nil
    ) {
        let payload = Bytes(repeating: 1, count: payloadBytes)
        self.init(sessions: sessions, deadline: deadline, pause: pause, recording: recording) { payload }
    }

    /// Hands in what `payload` makes each time, unless there is a recording; so long after each answer.
    init(
        sessions: [ClientSession], deadline: Duration, pause: Duration = .zero, recording: LoadRecording? = nil,
        payload: @escaping @Sendable () -> Bytes
    ) {
        self.sessions = sessions
        self.deadline = deadline
        self.pause = pause
        self.payload = payload
        let now = Self.now
        state = Mutex(
            State(
                record: LoadRecord(from: now), started: Array(repeating: now, count: sessions.count),
                untried: sessions.count, recording: recording))
    }

    var sessionCount: Int { sessions.count }

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

    /// How many operations were answered in this interval.
    var answered: Int { state.withLock { $0.record.completed } }

    /// The longest time without an answer in this interval, up to now.
    var longestGap: Interval {
        state.withLock { state in
            var record = state.record
            record.end(at: Self.now)
            return record.longestGap
        }
    }

    private func next(_ place: Int) {
        let (isStopped, recorded) = state.withLock { state -> (Bool, LoadRecording.Started?) in
            guard !state.isStopped else { return (true, nil) }
            state.started[place] = Self.now
            return (false, state.recording?.begin(place, at: Self.now))
        }
        guard !isStopped else { return }
        sessions[place].submit(
            recorded?.payload ?? payload(), kind: recorded?.kind ?? .operation, deadline: recorded?.deadline ?? deadline
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
                state.record.failed("\(reason)")
                // After any other the next one would fail as well, and at once.
                return !state.isStopped && (reason == .readUnanswered || reason == .neverSent)
            }
        }
        guard goesOn else { return }
        guard pause > .zero else { return next(place) }
        Task {
            try await Task.sleep(for: pause)
            next(place)
        }
    }

    // MARK: What is recorded

    /// So far.
    var history: ClientHistory? { state.withLock { $0.recording?.history } }

    /// Goes on with other keys.
    func moveOn() { state.withLock { $0.recording?.moveOn() } }

    /// Whether no recorded call runs.
    var isIdle: Bool { state.withLock { $0.recording?.isIdle ?? true } }

    /// Reads each key that was ever used once more, ordered; returns how many of them are not answered. To be called when it is
    /// idle.
    func readBack() async -> Int {
        let keys = state.withLock { $0.recording?.keysUsed ?? 0 }
        return await withTaskGroup { group in
            for place in sessions.indices {
                group.addTask { [self] in
                    var unanswered = 0
                    for key in stride(from: place, to: keys, by: sessions.count) where await !readBack(key, place) {
                        unanswered += 1
                    }
                    return unanswered
                }
            }
            return await group.reduce(0, +)
        }
    }

    private func readBack(_ key: Int, _ place: Int) async -> Bool {
        guard let query = state.withLock({ $0.recording?.begin(place, reading: key, at: Self.now) }) else {
            return true
        }
        let outcome = await sessions[place].execute(query, deadline: deadline)
        state.withLock { $0.recording?.end(place, outcome, at: Self.now) }
        if case .result = outcome { return true }
        return false
    }
}
