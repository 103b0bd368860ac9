// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A reading of a monotonic clock, in nanoseconds since an origin of the driver's choice. Deterministic code is given
/// it as an argument and never asks for it.
package struct Instant: DistinctNumber {
    package let rawValue: UInt64
    @inlinable
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package static let zero = Instant(0)
    package static let distantFuture = Instant(.max)

    /// Saturates: an instant never wraps round.
    package static func + (instant: Instant, interval: Interval) -> Instant {
        let (sum, overflow) = instant.rawValue.addingReportingOverflow(interval.nanoseconds)
        return Instant(overflow ? .max : sum)
    }

    /// The time from `earlier` to this instant; zero when `earlier` is not earlier.
    package func since(_ earlier: Instant) -> Interval {
        Interval(nanoseconds: rawValue > earlier.rawValue ? rawValue - earlier.rawValue : 0)
    }
}

/// A length of time in whole nanoseconds, never negative. (`Swift.Duration` counts 128-bit attoseconds, which costs too
/// much on a path per message; it is used at the public edge.)
package struct Interval: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package init(_ duration: Duration) {
        let parts = duration.components
        let whole = UInt64(clamping: parts.seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let part = parts.seconds < 0 ? 0 : UInt64(clamping: parts.attoseconds / 1_000_000_000)
        let (sum, overflow) = whole.partialValue.addingReportingOverflow(part)
        self.nanoseconds = whole.overflow || overflow ? .max : sum
    }

    package static let zero = Interval(nanoseconds: 0)
    package static func microseconds(_ count: UInt64) -> Interval { Interval(nanoseconds: 1_000) * count }
    package static func milliseconds(_ count: UInt64) -> Interval { Interval(nanoseconds: 1_000_000) * count }
    package static func seconds(_ count: UInt64) -> Interval { Interval(nanoseconds: 1_000_000_000) * count }

    package static func < (left: Interval, right: Interval) -> Bool { left.nanoseconds < right.nanoseconds }
    package static func + (left: Interval, right: Interval) -> Interval {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
        return Interval(nanoseconds: overflow ? .max : sum)
    }
    package static func * (left: Interval, factor: UInt64) -> Interval {
        let (product, overflow) = left.nanoseconds.multipliedReportingOverflow(by: factor)
        return Interval(nanoseconds: overflow ? .max : product)
    }
    package static func / (left: Interval, divisor: UInt64) -> Interval {
        Interval(nanoseconds: left.nanoseconds / divisor)
    }

    package var duration: Duration { .nanoseconds(Int64(clamping: nanoseconds)) }
    package var description: String { "\(nanoseconds / 1_000) µs" }
}

/// Agreed time: microseconds since 1970-01-01 UTC. What a state machine sees; it grows with every instance (protocol
/// §5) and is as right as the clocks of a quorum.
public struct Timestamp: DistinctNumber {
    public let rawValue: UInt64
    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public static let zero = Timestamp(0)
}
