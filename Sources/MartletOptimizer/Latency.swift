// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// A one-way latency, or a sum of such, in whole microseconds. Arithmetic on its raw values may add a few and never
/// overflows: what is missing lies far below the largest integer.
package struct Latency: DistinctNumber {
    package let rawValue: UInt64

    /// From `missing` on, everything is missing.
    @inlinable
    package init(rawValue: UInt64) { self.rawValue = min(rawValue, 1 << 60) }

    /// A link that nobody has measured, or an instance that never ends: +∞.
    package static let missing = Latency(rawValue: 1 << 60)
    package static let zero = Latency(rawValue: 0)
    /// The longest latency of a link, an hour; beyond it a link counts as missing.
    package static let linkMax = Latency(rawValue: 3_600_000_000)

    package var isMissing: Bool { self == .missing }
    package var description: String { isMissing ? "missing" : "\(rawValue) µs" }
}
