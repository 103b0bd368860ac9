// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletSimulation
import MartletTypes
import Synchronization

/// One client of a scenario at work on a real group: it asks for what the simulated one would, and pauses as that one does.
final class WideAreaClient: Sendable {
    private struct State {
        var workload: Workload
        var random: SeededRandom
        var started = 0
    }

    private let plan: ClientPlan
    private let until: Duration
    private let state: Mutex<State>
    private let tell: @Sendable (String) -> Void

    /// `tell` gets a line for each call that ended.
    init(_ client: Int, of scenario: Scenario, tell: @escaping @Sendable (String) -> Void) {
        let plan = scenario.clients[client]
        var random = SeededRandom(seed: scenario.seed &+ UInt64(client) &* 1_000_003)
        let workload = Workload(
            client: client, readPermille: plan.readPermille, keys: plan.flips ? 1 : 6, flips: plan.flips,
            severalPermille: plan.severalPermille, putsOnly: plan.putsOnly, random: random.fork())
        self.plan = plan
        until = scenario.clientsUntil.since(.zero).duration
        state = Mutex(State(workload: workload, random: random))
        self.tell = tell
    }

    /// Returns when everything is asked and answered.
    func run(on client: Client) async throws {
        let begin = ContinuousClock.now
        let sessions = try (0..<plan.sessions).map { _ in try client.openSession() }
        try await withThrowingTaskGroup { group in
            for lane in 0..<plan.pipeline {
                group.addTask { try await self.work(in: sessions[lane % sessions.count], since: begin) }
            }
            try await group.waitForAll()
        }
    }

    private func work(in session: ClientSession, since begin: ContinuousClock.Instant) async throws {
        while let operation = next(after: .now - begin) {
            let payload = ServiceCodec.bytes(of: operation, valueBytes: plan.valueBytes)
            let called = ContinuousClock.now
            let outcome =
                operation.isRead ? await session.executeRead(payload) : await session.execute(payload)
            let answered = ContinuousClock.now
            switch outcome {
            case .result:
                tell("call \(Self.microseconds(called - begin)) \(Self.microseconds(answered - called))")
            case .failed(let reason): tell("failed \(reason)")
            case .unknown(let reason): tell("failed \(reason)")
            }
            let rest = pause(from: called, to: answered)
            if rest > .zero { try await Task.sleep(for: rest) }
        }
    }

    /// Nil when it has asked enough.
    private func next(after time: Duration) -> Operation? {
        state.withLock { state in
            let isDone =
                state.started >= plan.operationsMax || (state.started >= plan.operationsMin && time >= until)
            guard !isDone else { return nil }
            state.started += 1
            return state.workload.next()
        }
    }

    private func pause(from called: ContinuousClock.Instant, to answered: ContinuousClock.Instant) -> Duration {
        state.withLock { state in
            let think = state.random.interval(upTo: plan.thinkMax).duration - (answered - called)
            return max(think, state.random.interval(upTo: plan.pauseMax).duration)
        }
    }

    private static func microseconds(_ duration: Duration) -> Int64 { Int64(duration / .microseconds(1)) }
}
