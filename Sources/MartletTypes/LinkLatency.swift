// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// How long a message takes from one member to another, in whole microseconds, as it was measured (adaptation §2).
package struct LinkLatency: DistinctNumber {
    package let rawValue: UInt32

    /// What lies beyond an hour is missing.
    @inlinable
    package init(rawValue: UInt32) { self.rawValue = rawValue > 3_600_000_000 ? .max : rawValue }

    package static let zero = LinkLatency(0)
    package static let max = LinkLatency(3_600_000_000)
    /// Nobody answered, or nobody was asked: +∞.
    package static let missing = LinkLatency(.max)

    /// Half a round trip on the asker's own monotonic clock, halves of a microsecond rounded up.
    package init(roundTrip: Interval) {
        let (sum, overflow) = roundTrip.nanoseconds.addingReportingOverflow(1_000)
        self.init(rawValue: overflow ? .max : UInt32(clamping: sum / 2_000))
    }

    package var isMissing: Bool { self == .missing }
    package var description: String { isMissing ? "missing" : "\(rawValue) µs" }
}
