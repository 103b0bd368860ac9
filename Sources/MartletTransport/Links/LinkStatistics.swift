// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What went over a connection, or over a link in all its connections, since it was made.
package struct LinkStatistics: Hashable, Sendable {
    /// Frames handed to the connection, and their bytes with lengths.
    package var framesSent: UInt64 = 0
    package var bytesSent: UInt64 = 0
    package var framesReceived: UInt64 = 0
    package var bytesReceived: UInt64 = 0
    /// Frames that were not sent, because the queue was full or the peer not reachable.
    package var framesDropped: UInt64 = 0
    /// How often a connection was lost and made again.
    package var reconnections: UInt64 = 0

    package init() {}
}

/// The counters behind `LinkStatistics`, touched once per batch from any thread.
final class LinkCounters: Sendable {
    private let framesSent = Atomic<UInt64>(0)
    private let bytesSent = Atomic<UInt64>(0)
    private let framesReceived = Atomic<UInt64>(0)
    private let bytesReceived = Atomic<UInt64>(0)
    private let framesDropped = Atomic<UInt64>(0)
    private let reconnections = Atomic<UInt64>(0)

    func sent(frames: Int, bytes: Int) {
        framesSent.wrappingAdd(UInt64(frames), ordering: .relaxed)
        bytesSent.wrappingAdd(UInt64(bytes), ordering: .relaxed)
    }

    func received(frames: Int, bytes: Int) {
        framesReceived.wrappingAdd(UInt64(frames), ordering: .relaxed)
        bytesReceived.wrappingAdd(UInt64(bytes), ordering: .relaxed)
    }

    func dropped(frames: Int) { framesDropped.wrappingAdd(UInt64(frames), ordering: .relaxed) }

    func reconnected() { reconnections.wrappingAdd(1, ordering: .relaxed) }

    var statistics: LinkStatistics {
        var statistics = LinkStatistics()
        statistics.framesSent = framesSent.load(ordering: .relaxed)
        statistics.bytesSent = bytesSent.load(ordering: .relaxed)
        statistics.framesReceived = framesReceived.load(ordering: .relaxed)
        statistics.bytesReceived = bytesReceived.load(ordering: .relaxed)
        statistics.framesDropped = framesDropped.load(ordering: .relaxed)
        statistics.reconnections = reconnections.load(ordering: .relaxed)
        return statistics
    }
}
