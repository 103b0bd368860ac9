// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What was not synced and is gone when a process ends that has a `VolatileDirectory`.
package struct VolatileLoss: Hashable, Sendable {
    /// In whole sectors.
    package var bytes = 0
    /// Writes of which something is lost.
    package var writes = 0
    /// Those of them of which something is there.
    package var torn = 0
    /// Creations, renamings and removals.
    package var names = 0

    package init() {}

    package var isNothing: Bool { self == VolatileLoss() }

    package static func += (sum: inout VolatileLoss, other: VolatileLoss) {
        sum.bytes += other.bytes
        sum.writes += other.writes
        sum.torn += other.torn
        sum.names += other.names
    }
}

extension VolatileLoss: LosslessStringConvertible {
    private static let words = [" bytes unsynced of ", " writes, ", " of them torn, and ", " changes of names"]

    package var description: String {
        zip([bytes, writes, torn, names], Self.words).map { "\($0)\($1)" }.joined()
    }

    package init?(_ description: String) {
        var rest = description[...]
        var numbers: [Int] = []
        for word in Self.words {
            guard let place = rest.firstRange(of: word), let number = Int(rest[..<place.lowerBound]) else { return nil }
            numbers.append(number)
            rest = rest[place.upperBound...]
        }
        guard rest.isEmpty else { return nil }
        (bytes, writes, torn, names) = (numbers[0], numbers[1], numbers[2], numbers[3])
    }
}
