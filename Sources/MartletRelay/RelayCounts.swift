// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What a relay has done so far.
package struct RelayCounts: Hashable, Sendable {
    package var connections = 0
    package var bytes = 0
    /// Of bytes that were passed on together.
    package var pieces = 0
    /// By how much pieces were passed on later than they should have been, all together; in nanoseconds.
    package var lateNanoseconds: UInt64 = 0
    /// Of the one that was latest.
    package var latestNanoseconds: UInt64 = 0
}

/// Counts for all connections of a relay.
final class RelayCounters: Sendable {
    private let counts = Mutex(RelayCounts())

    func joined() { counts.withLock { $0.connections += 1 } }

    func passed(_ bytes: Int, lateBy nanoseconds: UInt64) {
        counts.withLock { counts in
            counts.bytes += bytes
            counts.pieces += 1
            counts.lateNanoseconds += nanoseconds
            counts.latestNanoseconds = max(counts.latestNanoseconds, nanoseconds)
        }
    }

    func read() -> RelayCounts { counts.withLock { $0 } }
}
