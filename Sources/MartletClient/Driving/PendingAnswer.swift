// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Synchronization

/// Where a task waits for what becomes of its call; the first word counts.
final class PendingAnswer<Value: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Value, Never>)
        case ended(Value)
    }

    private let state = Mutex(State.open)

    /// To be called once.
    func value() async -> Value {
        await withCheckedContinuation { continuation in
            let ended: Value? = state.withLock { state in
                if case .ended(let value) = state { return value }
                state = .awaited(continuation)
                return nil
            }
            if let ended { continuation.resume(returning: ended) }
        }
    }

    func end(_ value: Value) {
        let waiting: CheckedContinuation<Value, Never>? = state.withLock { state in
            switch state {
            case .open:
                state = .ended(value)
                return nil
            case .awaited(let continuation):
                state = .ended(value)
                return continuation
            case .ended:
                return nil
            }
        }
        waiting?.resume(returning: value)
    }
}
