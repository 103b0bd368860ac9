// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Synchronization

/// The threads of one replica, by name.
final class StageThreads: Sendable {
    private let ends = Mutex<[String: DispatchSemaphore]>([:])

    /// Runs `body` on a thread of its own.
    func start(_ name: String, body: @escaping @Sendable () -> Void) {
        let end = DispatchSemaphore(value: 0)
        ends.withLock { $0[name] = end }
        let thread = Thread {
            body()
            end.signal()
        }
        thread.name = name
        thread.start()
    }

    /// Returns when that thread's body has; at once when there is none.
    func join(_ name: String) async {
        guard let end = ends.withLock({ $0.removeValue(forKey: name) }) else { return }
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                end.wait()
                continuation.resume()
            }
        }
    }
}
