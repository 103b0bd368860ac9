// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import MartletTypes
import Synchronization

/// The threads of one replica, by name.
final class StageThreads: Sendable {
    private let ends = Mutex<[String: DispatchSemaphore]>([:])

    /// Runs `body` on a thread of its own. What it holds is let go before anybody is told that it has ended: whoever starts the replica
    /// again opens the same files.
    func start(_ name: String, body: @escaping @Sendable () -> Void) {
        let end = DispatchSemaphore(value: 0)
        ends.withLock { $0[name] = end }
        let work = Work(body)
        let thread = Thread {
            work.carryOut()
            end.signal()
        }
        thread.name = name
        thread.start()
    }

    private final class Work: Sendable {
        private let body: Mutex<(@Sendable () -> Void)?>

        init(_ body: @escaping @Sendable () -> Void) { self.body = Mutex(body) }

        /// Once. The body goes at its end.
        func carryOut() {
            let body = body.withLock { $0.take() }
            body?()
        }
    }

    func isStarted(_ name: String) -> Bool { ends.withLock { $0[name] != nil } }

    /// Returns when that thread's body has; at once when there is none. False when it has not within `patience`: then it is left
    /// to itself.
    @discardableResult
    func join(_ name: String, within patience: Interval? = nil) async -> Bool {
        guard let end = ends.withLock({ $0.removeValue(forKey: name) }) else { return true }
        return await end.isSignalled(within: patience)
    }
}

extension DispatchSemaphore {
    /// Waits beside the caller's thread, also when its task is cancelled.
    func isSignalled(within patience: Interval? = nil) async -> Bool {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                let end = patience.map { DispatchTime.now() + .nanoseconds(Int(clamping: $0.nanoseconds)) }
                continuation.resume(returning: self.wait(timeout: end ?? .distantFuture) == .success)
            }
        }
    }
}
