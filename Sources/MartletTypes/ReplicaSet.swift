// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A set of members of one view, by position; iterates in ascending order.
package struct ReplicaSet: Hashable, Sendable, Sequence {
    /// The most members a view may have.
    package static let membersMax = 128

    @usableFromInline var low: UInt64
    @usableFromInline var high: UInt64

    @inlinable
    package init() {
        low = 0
        high = 0
    }

    @inlinable
    package init(_ members: some Sequence<ReplicaIndex>) {
        self.init()
        for member in members { insert(member) }
    }

    @inlinable
    package var isEmpty: Bool { low | high == 0 }
    @inlinable
    package var count: Int { low.nonzeroBitCount + high.nonzeroBitCount }

    @inlinable
    package func contains(_ member: ReplicaIndex) -> Bool {
        member.rawValue < 64
            ? low & (1 << UInt64(member.rawValue)) != 0 : high & (1 << UInt64(member.rawValue - 64)) != 0
    }

    /// True when the member was not in the set before.
    @inlinable
    @discardableResult
    package mutating func insert(_ member: ReplicaIndex) -> Bool {
        precondition(member.position < Self.membersMax)
        guard !contains(member) else { return false }
        if member.rawValue < 64 {
            low |= 1 << UInt64(member.rawValue)
        } else {
            high |= 1 << UInt64(member.rawValue - 64)
        }
        return true
    }

    @inlinable
    package mutating func remove(_ member: ReplicaIndex) {
        if member.rawValue < 64 {
            low &= ~(1 << UInt64(member.rawValue))
        } else {
            high &= ~(1 << UInt64(member.rawValue - 64))
        }
    }

    @inlinable
    package func makeIterator() -> Iterator { Iterator(low: low, high: high) }

    package struct Iterator: IteratorProtocol {
        @usableFromInline var low: UInt64
        @usableFromInline var high: UInt64

        @inlinable
        init(low: UInt64, high: UInt64) {
            self.low = low
            self.high = high
        }

        @inlinable
        package mutating func next() -> ReplicaIndex? {
            if low != 0 {
                let position = low.trailingZeroBitCount
                low &= low - 1
                return ReplicaIndex(position)
            }
            if high != 0 {
                let position = high.trailingZeroBitCount
                high &= high - 1
                return ReplicaIndex(64 + position)
            }
            return nil
        }
    }
}
