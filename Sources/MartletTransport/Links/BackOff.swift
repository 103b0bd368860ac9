// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How long to wait before the next attempt: twice as long each time up to a bound, and by chance a little shorter, so
/// that many who lost the same peer do not come back at the same moment.
package struct BackOff: Hashable, Sendable {
    private let min: Interval
    private let max: Interval
    private var random: UInt64

    /// The same seed gives the same waits.
    package init(min: Interval, max: Interval, seed: UInt64) {
        precondition(min > .zero && min <= max, "the waits must grow from something to a bound")
        self.min = min
        self.max = max
        random = seed
    }

    /// The wait after so many attempts in a row have failed (1 or more): between half and all of the doubled wait.
    package mutating func wait(afterFailures failures: Int) -> Interval {
        precondition(failures >= 1, "there is nothing to wait for")
        var whole = min
        for _ in 1..<Swift.min(failures, 64) where whole < max {
            whole = Swift.min(whole * 2, max)
        }
        let half = whole / 2
        return half + Interval(nanoseconds: next() % (whole.nanoseconds - half.nanoseconds + 1))
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    private mutating func next() -> UInt64 {
        random &+= 0x9e37_79b9_7f4a_7c15
        var mixed = random
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
