// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The number of an unordered read: names the slot of its call, so that no look-up is needed, and cannot be mistaken for
/// an opening's number.
struct ReadNumber: Hashable {
    private static let mark: UInt64 = 1 << 61
    private static let generationMask: UInt32 = (1 << 29) - 1

    let rawValue: UInt64

    init(slot: Int, generation: UInt32) {
        rawValue = Self.mark | UInt64(generation & Self.generationMask) << 32 | UInt64(UInt32(slot))
    }

    /// Nil for a number that no read has.
    init?(_ rawValue: UInt64) {
        guard rawValue & ~(Self.mark - 1) == Self.mark else { return nil }
        self.rawValue = rawValue
    }

    var slot: Int { Int(rawValue & 0xffff_ffff) }

    /// Opening numbers stay below.
    static var openingMax: UInt64 { mark - 1 }
}
