// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Lets a line of a log through the first time, then at most once per period, and says how many were held back.
struct LineLimiter {
    private static let period = Interval.seconds(5)

    private struct Entry {
        var due: Instant
        var heldBack = 0
    }

    private var entries: [String: Entry] = [:]

    /// The number of lines of this kind held back since the last one that passed; nil when this one is held back too.
    /// Kinds must be few.
    mutating func pass(_ kind: String, at now: Instant) -> Int? {
        if let entry = entries[kind], now < entry.due {
            entries[kind]?.heldBack += 1
            return nil
        }
        let heldBack = entries[kind]?.heldBack ?? 0
        entries[kind] = Entry(due: now + Self.period)
        return heldBack
    }
}
