// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How many more challenges of one member are answered: ω bounds answers too, whatever others ask. A member that asks as
/// the schedule says has one or two answers for each measured instance, and it gets four; while nothing is ordered, some for
/// the time that passes.
package struct ChallengeBudget: Sendable {
    /// So many may come at once, as after a pause.
    static let burst: UInt64 = 64
    static let answersPerMeasured: UInt64 = 4

    private var left = burst
    private var measured: UInt64 = 0
    private var since = Instant.zero

    package init() {}

    /// Whether one more is answered. `measured`: how many instances the schedule has had by now; `period`: in so long one
    /// answer is due whatever is ordered.
    package mutating func spend(measured count: UInt64, period: Interval, at now: Instant) -> Bool {
        let passed = now.since(since).nanoseconds / max(1, period.nanoseconds)
        if passed > 0 { since = now }
        let steps = count > measured ? count - measured : 0
        measured = max(measured, count)
        left = min(Self.burst, left + min(steps, Self.burst) * Self.answersPerMeasured + min(passed, Self.burst))
        guard left > 0 else { return false }
        left -= 1
        return true
    }
}
