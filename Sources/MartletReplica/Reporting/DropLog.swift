// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletTypes
import Synchronization

/// Counts messages that were dropped and sums them up in the log, so that a flood of garbage does not become a flood of
/// lines.
final class DropLog: Sendable {
    private struct State {
        var limiter = LineLimiter()
        var total: UInt64 = 0
    }

    private let logger: Logger
    private let state = Mutex(State())

    init(logger: Logger) { self.logger = logger }

    /// How many were dropped since the start.
    var total: UInt64 { state.withLock { $0.total } }

    func dropped(from sender: Principal, because reason: @autoclosure () -> String) {
        let kind =
            switch sender {
            case .replica(let id): "replica \(id)"
            // One kind for all clients: anyone can make any number of client keys.
            case .client: "clients"
            }
        let heldBack: Int? = state.withLock { state in
            state.total += 1
            return state.limiter.pass(kind, at: SystemClock.monotonic)
        }
        guard let heldBack else { return }
        logger.warning("dropped \(heldBack + 1) messages from \(kind); the last one because \(reason())")
    }
}
