// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// How fast unordered reads are run. Nobody agrees on them, so nothing but this keeps those who send them without end from
/// taking a replica's whole time: what a read costs, in time and for the bytes of its answer that are still to be encrypted
/// and sent, must pass once more before the next. Whoever reads now and then does not notice.
struct ReadPace {
    /// So long at once; what was decided meanwhile comes next.
    static var timeMax: Interval { .microseconds(500) }
    /// What was not used is kept for so long.
    static var creditMax: Interval { .milliseconds(5) }
    /// For each byte of an answer, besides the time that it took: all told some 100 MB a second.
    static var nanosecondsPerByte: UInt64 { 10 }

    /// When the next may run; in the past while there is credit.
    private(set) var due: Instant

    init(at now: Instant) { due = now }

    func allows(at now: Instant) -> Bool { due <= now }

    mutating func note(_ bytes: Int, took time: Interval, at now: Instant) {
        let earliest = Instant(now.rawValue - min(now.rawValue, Self.creditMax.nanoseconds))
        due = max(due, earliest) + time * 2 + Interval(nanoseconds: UInt64(bytes) * Self.nanosecondsPerByte)
    }
}
