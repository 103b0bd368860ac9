// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

/// Lengths and readings of time never wrap and never trap, whatever a setting or a liar says.
@Suite struct TimeTests {
    @Test func instantsSaturate() {
        #expect(Instant(5) + Interval(nanoseconds: 7) == Instant(12))
        #expect(Instant(.max - 1) + Interval(nanoseconds: 7) == .distantFuture)
        #expect(Instant.distantFuture + .zero == .distantFuture)
        #expect(Instant(9).since(Instant(4)) == Interval(nanoseconds: 5))
        #expect(Instant(4).since(Instant(9)) == .zero)
        #expect(Instant.distantFuture.since(.zero) == Interval(nanoseconds: .max))
    }

    @Test func intervalsSaturate() {
        let most = Interval(nanoseconds: .max)
        #expect(most + Interval(nanoseconds: 1) == most)
        #expect(most * 2 == most)
        #expect(most * 0 == .zero)
        #expect(Interval.seconds(.max) == most)
        #expect(Interval.milliseconds(.max) == most)
        #expect(Interval.microseconds(.max) == most)
        #expect(Interval.seconds(3) == .milliseconds(3000))
        #expect(Interval.milliseconds(3) == .microseconds(3000))
        #expect(Interval.seconds(3) / 2 == .milliseconds(1500))
    }

    @Test func durationsComeAndGo() {
        #expect(Interval(.milliseconds(1500)) == .milliseconds(1500))
        #expect(Interval(.milliseconds(-1500)) == .zero)
        #expect(Interval(.nanoseconds(-1)) == .zero)
        #expect(Interval(.seconds(Int64.max)) == Interval(nanoseconds: .max))
        #expect(Interval.milliseconds(1500).duration == .milliseconds(1500))
        #expect(Interval(nanoseconds: .max).duration == .nanoseconds(Int64.max))
    }
}
