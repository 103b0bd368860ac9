// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The seeds of a series of runs: `A..B`, both included, or one alone; all below 2⁶⁴ − 1, so that there is a next one.
struct SeedRange: Hashable, ExpressibleByArgument {
    let first: UInt64
    let last: UInt64

    /// The first seed.
    static let one = SeedRange(first: 1, last: 1)

    private init(first: UInt64, last: UInt64) { (self.first, self.last) = (first, last) }

    init?(argument: String) {
        let parts = argument.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        switch parts.count {
        case 1:
            guard let seed = UInt64(argument), seed < .max else { return nil }
            (first, last) = (seed, seed)
        case 3 where parts[1].isEmpty:
            guard let first = UInt64(parts[0]), let last = UInt64(parts[2]), first <= last, last < .max else {
                return nil
            }
            (self.first, self.last) = (first, last)
        default:
            return nil
        }
    }

    var count: Int { Int(clamping: last - first + 1) }
    var isOne: Bool { first == last }
}
