// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletKV
import MartletTypes
import Synchronization

/// Writers that go on until they are stopped: each puts one new key after the other and remembers which of them the
/// group has acknowledged.
final class SteadyLoad: Sendable {
    struct Item: Sendable {
        let key: String
        let value: String
    }

    private struct State {
        var acknowledged: [Item] = []
        /// Written without an answer: each may be there or not.
        var unknown: [Item] = []
        var failure: String?
        var lastAnswer = ContinuousClock.now
        var longestGap = Duration.zero
        var isStopped = false
    }

    private let state = Mutex(State())
    /// What its keys begin with.
    private let prefix: String
    /// After each write: a steady load, not as much as can be.
    private let pause: Duration

    init(prefix: String = "load", pause: Duration = .milliseconds(2)) {
        self.prefix = prefix
        self.pause = pause
    }

    /// Writes with so many sessions at once; returns when stopped.
    func run(on client: Client, writers: Int) async throws {
        state.withLock { $0.lastAnswer = .now }
        let sessions = try (0..<writers).map { _ in try client.openSession() }
        await withTaskGroup { group in
            for (writer, session) in sessions.enumerated() {
                group.addTask { await self.write(in: session, writer) }
            }
        }
    }

    func stop() { state.withLock { $0.isStopped = true } }

    var acknowledged: [Item] { state.withLock { $0.acknowledged } }
    var unknown: [Item] { state.withLock { $0.unknown } }
    var failure: String? { state.withLock { $0.failure } }

    /// The longest time in which nothing was acknowledged, counted from this call on.
    func resetGap() {
        state.withLock { state in
            state.longestGap = .zero
            state.lastAnswer = .now
        }
    }

    var longestGap: Duration { state.withLock { max($0.longestGap, .now - $0.lastAnswer) } }
    var acknowledgedCount: Int { state.withLock { $0.acknowledged.count } }

    private func write(in session: ClientSession, _ writer: Int) async {
        let client = KVClient(session)
        var number = 0
        while !Task.isCancelled, !state.withLock({ $0.isStopped }) {
            number += 1
            let item = Item(key: "\(prefix)/\(writer)/\(number)", value: "\(writer * 1_000_003 + number)")
            do {
                try await client.put(Bytes(item.key.utf8), Bytes(item.value.utf8))
                state.withLock { state in
                    let now = ContinuousClock.now
                    state.longestGap = max(state.longestGap, now - state.lastAnswer)
                    state.lastAnswer = now
                    state.acknowledged.append(item)
                }
                try await Task.sleep(for: pause)
            } catch is CancellationError {
                return
            } catch {
                state.withLock { state in
                    state.unknown.append(item)
                    if state.failure == nil { state.failure = "\(error)" }
                }
            }
        }
    }
}
