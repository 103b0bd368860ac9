// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The request timeout: follows the observed latency and the observed queue, doubles while no progress is made and shrinks
/// again afterwards (protocol §6).
package struct AdaptiveTimeout: Sendable {
    /// How many observed latencies a request may take.
    static let latenciesAllowed: UInt64 = 8
    /// How many times as long as others waited in the queue a request may wait.
    static let waitsAllowed: UInt64 = 4
    /// What takes longer than this, for want of capacity or by long links, is somebody's fault: a lying leader must not lengthen
    /// its own time without bounds.
    package static let leniencyMax = Interval.seconds(4)
    /// More doublings change nothing: the upper bound is reached before.
    static let doublingsMax = 16

    private let shortest: Interval
    private let longest: Interval
    /// Moving average of the time from proposal to decision.
    private(set) var latency = Interval.zero
    /// Moving average of the time from a request's arrival to its decision while requests were queueing.
    private(set) var wait = Interval.zero
    private var doublings = 0

    package init(_ timeouts: Timeouts) {
        shortest = timeouts.requestMin
        longest = timeouts.requestMax
    }

    package var current: Interval {
        let lenient = min(Self.leniencyMax, max(latency * Self.latenciesAllowed, wait * Self.waitsAllowed))
        return min(longest, max(shortest, lenient) * (1 << UInt64(doublings)))
    }

    package mutating func observe(_ sample: Interval) {
        latency = latency == .zero ? sample : (latency * 7 + sample) / 8
    }

    /// The longest that a request of a decided batch had waited. Only full batches tell of a queue: a leader that lets
    /// requests wait without one must not lengthen its own time.
    package mutating func observe(wait sample: Interval, isBatchFull: Bool) {
        wait = (wait * 7 + (isBatchFull ? sample : .zero)) / 8
    }

    /// A regency began: until something is decided in it, the next must not begin too soon.
    package mutating func backOff() { doublings = min(doublings + 1, Self.doublingsMax) }

    /// An instance was decided in the present regency.
    package mutating func recover() { doublings = max(0, doublings - 1) }
}
