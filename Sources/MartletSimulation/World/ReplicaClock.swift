// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCore
package import MartletTypes

/// What happens to a replica's clocks.
package struct ClockFault: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Both clocks run at so many thousandths of true speed, from then on; 1000 mends it.
        case drift(permille: Int)
        /// The wall clock is set forward or, negative, back.
        case jump(milliseconds: Int)
        /// Both clocks stand still until then, and go on from where they stood.
        case stand(until: Instant)
    }

    package let replica: Int
    package let at: Instant
    package let kind: Kind

    package init(replica: Int, at: Instant, kind: Kind) {
        self.replica = replica
        self.at = at
        self.kind = kind
    }
}

/// One replica's own view of time: a monotonic clock with an origin of its own that never goes back, and a wall clock
/// that is a little wrong from the beginning. Both run at the same rate, except that the wall clock may be set.
package struct ReplicaClock: Sendable {
    /// 2024-01-01; any date will do.
    private static let start: UInt64 = 1_704_067_200_000_000

    /// Since when, in the world's time, the clock runs as it does.
    private var since = Instant.zero
    /// What it showed then.
    private var monotonic: Instant
    private var wall: Interval
    private var ratePermille: UInt64 = 1_000
    /// By how much the wall clock was set, in all.
    private var jumpMicroseconds: Int64 = 0
    /// The rate to go on with after standing still.
    private var rateAfterwards: UInt64 = 1_000

    package init(monotonicOffset: Interval, wallOffset: Interval) {
        monotonic = .zero + monotonicOffset
        wall = wallOffset
    }

    package func reading(at now: Instant) -> ClockReading {
        let passed = passed(at: now)
        let micros = Int64(clamping: Self.start + (wall + passed).nanoseconds / 1_000)
        let shown = micros.addingReportingOverflow(jumpMicroseconds)
        let wall = shown.overflow || shown.partialValue < 0 ? 0 : UInt64(shown.partialValue)
        return ClockReading(monotonic: monotonic + passed, wall: Timestamp(wall))
    }

    /// When, in the world's time, the monotonic clock will show this; nil while it stands still.
    package func worldTime(of reading: Instant) -> Instant? {
        guard ratePermille > 0 else { return nil }
        let nanoseconds = reading.since(monotonic).nanoseconds
        // Rounded up, so that the reading has come by then.
        let (product, overflow) = nanoseconds.multipliedReportingOverflow(by: 1_000)
        guard !overflow else { return .distantFuture }
        return since + Interval(nanoseconds: product / ratePermille + (product % ratePermille == 0 ? 0 : 1))
    }

    package mutating func strike(_ kind: ClockFault.Kind, at now: Instant) {
        settle(at: now)
        switch kind {
        case .drift(let permille):
            if ratePermille > 0 { ratePermille = UInt64(permille) }
            rateAfterwards = UInt64(permille)
        case .jump(let milliseconds): jumpMicroseconds = jumpMicroseconds &+ Int64(milliseconds) &* 1_000
        case .stand: ratePermille = 0
        }
    }

    /// Ends a standstill.
    package mutating func goOn(at now: Instant) {
        settle(at: now)
        ratePermille = rateAfterwards
    }

    private mutating func settle(at now: Instant) {
        let passed = passed(at: now)
        monotonic = monotonic + passed
        wall = wall + passed
        since = now
    }

    private func passed(at now: Instant) -> Interval {
        ratePermille == 1_000 ? now.since(since) : now.since(since) * ratePermille / 1_000
    }
}
