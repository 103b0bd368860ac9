// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Started once, closed once; who waits for the closing is told.
final class ClientLifetime: Sendable {
    private struct State {
        var isStarted = false
        var isClosing = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Returns whether this is the first start, and the client is not closing yet.
    func start() -> Bool {
        state.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted && !state.isClosing
        }
    }

    func waitUntilClosing() async {
        await withCheckedContinuation { continuation in
            let isClosing = state.withLock { state in
                if !state.isClosing { state.waiting.append(continuation) }
                return state.isClosing
            }
            if isClosing { continuation.resume() }
        }
    }

    func beginClosing() {
        let waiting = state.withLock { state in
            state.isClosing = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
