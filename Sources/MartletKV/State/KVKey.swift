// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// A key as the map orders it: as a string of unsigned bytes, a beginning before what it begins.
struct KVKey: Hashable, Comparable, Sendable {
    /// The first eight bytes, most significant first, zeros where there are fewer: decides most comparisons without
    /// following a reference.
    private let prefix: UInt64
    let bytes: Bytes

    init(_ bytes: Bytes) {
        self.bytes = bytes
        var prefix: UInt64 = 0
        for place in 0..<8 { prefix = prefix << 8 | (place < bytes.count ? UInt64(bytes[place]) : 0) }
        self.prefix = prefix
    }

    static func < (left: KVKey, right: KVKey) -> Bool {
        left.prefix != right.prefix ? left.prefix < right.prefix : left.isBelowBeyondPrefix(right)
    }

    static func == (left: KVKey, right: KVKey) -> Bool { left.prefix == right.prefix && left.bytes == right.bytes }

    /// For equal prefixes. Where one of the two keys ends within the prefix, the other has zeros there, so that the
    /// shorter one begins the other and comes first.
    private func isBelowBeyondPrefix(_ other: KVKey) -> Bool {
        let common = min(bytes.count, other.bytes.count)
        var place = 8
        while place < common {
            if bytes[place] != other.bytes[place] { return bytes[place] < other.bytes[place] }
            place += 1
        }
        return bytes.count < other.bytes.count
    }
}

struct KVEntry: Equatable, Sendable {
    let value: Bytes
    /// The instance that last changed it.
    let version: Instance

    /// Most that differ have other versions, and most that do not have their value in common.
    static func == (left: KVEntry, right: KVEntry) -> Bool {
        left.version == right.version && left.value == right.value
    }
}
