// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// A row of counts, `A..B` with both included, or one alone.
struct CountRange: Hashable, ExpressibleByArgument {
    let counts: ClosedRange<Int>

    init(counts: ClosedRange<Int>) { self.counts = counts }

    init?(argument: String) {
        guard let range = SeedRange(argument: argument), let first = Int(exactly: range.first),
            let last = Int(exactly: range.last)
        else { return nil }
        counts = first...last
    }
}
