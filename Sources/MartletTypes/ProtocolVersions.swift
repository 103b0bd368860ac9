// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// The versions of the protocol that a program speaks, both ends included. What changes with each, docs/WIRE.md tells.
package struct ProtocolVersions: Hashable, Sendable, CustomStringConvertible {
    package let lowest: UInt16
    package let highest: UInt16

    /// Requires lowest ≤ highest.
    package init(lowest: UInt16, highest: UInt16) {
        precondition(lowest <= highest)
        self.lowest = lowest
        self.highest = highest
    }

    /// One version only.
    package init(only version: UInt16) { self.init(lowest: version, highest: version) }

    /// What this program speaks.
    package static let supported = ProtocolVersions(lowest: 1, highest: 2)

    /// From this version on replicas sign receipts (protocol §4).
    package static let receipts: UInt16 = 2
    /// From this version on whom the group serves is changed by operations (protocol §8).
    package static let access: UInt16 = 2

    /// The highest version that both speak; nil when there is none.
    package func agreed(with other: ProtocolVersions) -> UInt16? {
        let version = min(highest, other.highest)
        return version >= max(lowest, other.lowest) ? version : nil
    }

    package func contains(_ version: UInt16) -> Bool { (lowest...highest).contains(version) }

    /// The same at most; nil where it leaves nothing.
    package func limited(to other: ProtocolVersions) -> ProtocolVersions? {
        let (low, high) = (max(lowest, other.lowest), min(highest, other.highest))
        return low <= high ? ProtocolVersions(lowest: low, highest: high) : nil
    }

    package var description: String { lowest == highest ? "\(lowest)" : "\(lowest) to \(highest)" }
}
