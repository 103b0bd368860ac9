// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import MartletClient
import MartletKV
import MartletTypes
import Synchronization

/// Honest clients while others are not: sessions that write, count and read, a little pause after each, and remember
/// everything that they were told.
final class AttackLoad: Sendable {
    /// An ordered operation that was answered.
    struct Sample: Sendable {
        let end: Instant
        let latency: Interval
    }

    private struct State {
        var samples: [Sample] = []
        var isStopped = false
    }

    /// Not as much as can be, so that what an attack costs is told apart from the share of the machine that it takes.
    private static let pause = Duration.milliseconds(3)
    private static let deadline = Duration.seconds(60)

    private let clients: [KVClient]
    private let state = Mutex(State())

    init(on client: Client, writers: Int) throws {
        clients = try (0..<writers).map { _ in
            KVClient(DeadlineSubmitter(session: try client.openSession(), deadline: Self.deadline))
        }
    }

    static var now: Instant { Instant(DispatchTime.now().uptimeNanoseconds) }

    /// Returns what each session saw, once stopped.
    func run() async -> [SessionHistory] {
        await withTaskGroup { group in
            for (number, client) in clients.enumerated() {
                group.addTask { await self.run(SessionHistory(number: number), client) }
            }
            var histories: [SessionHistory] = []
            for await history in group { histories.append(history) }
            return histories
        }
    }

    func stop() { state.withLock { $0.isStopped = true } }

    var samples: [Sample] { state.withLock { $0.samples } }
    var sampleCount: Int { state.withLock { $0.samples.count } }

    private func run(_ blank: SessionHistory, _ client: KVClient) async -> SessionHistory {
        var history = blank
        while !Task.isCancelled, !state.withLock({ $0.isStopped }) {
            let start = Self.now
            if await history.next(client) {
                let end = Self.now
                state.withLock { $0.samples.append(Sample(end: end, latency: end.since(start))) }
            }
            do {
                try await Task.sleep(for: Self.pause)
            } catch {
                break
            }
        }
        return history
    }
}

/// A session whose calls wait longer than usual: an attack is no reason to give up.
private struct DeadlineSubmitter: RequestSubmitter {
    let session: ClientSession
    let deadline: Duration

    func submit(_ operation: Bytes) async throws -> Bytes { try await session.submit(operation, deadline: deadline) }
    func read(_ query: Bytes) async throws -> Bytes { try await session.read(query, deadline: deadline) }
}
