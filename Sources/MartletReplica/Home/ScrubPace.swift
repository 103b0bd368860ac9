// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import MartletTypes
import Synchronization

/// How fast the disk is read through, and an end to it.
final class ScrubPace: Sendable {
    private let bytesPerSecond: Int
    private let isOver = Mutex(false)
    private let end = DispatchSemaphore(value: 0)

    init(bytesPerSecond: Int) { self.bytesPerSecond = max(1, bytesPerSecond) }

    var isStopped: Bool { isOver.withLock { $0 } }

    /// Waits for as long as so many bytes may take.
    func note(_ bytes: Int) {
        if bytes > 0 { rest(.microseconds(UInt64(bytes) * 1_000_000 / UInt64(bytesPerSecond))) }
    }

    /// Returns sooner when it is stopped.
    func rest(_ interval: Interval) {
        let deadline = DispatchTime(uptimeNanoseconds: (SystemClock.monotonic + interval).rawValue)
        // Whoever comes after is not to wait either.
        if end.wait(timeout: deadline) == .success { end.signal() }
    }

    func stop() {
        isOver.withLock { $0 = true }
        end.signal()
    }
}
