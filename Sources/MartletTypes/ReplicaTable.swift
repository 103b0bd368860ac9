// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// One value per member of a view, by position.
package struct ReplicaTable<Value> {
    private var values: [Value]

    package init(repeating value: Value, count: Int) { values = Array(repeating: value, count: count) }

    package var count: Int { values.count }
    package var indices: Range<Int> { values.indices }

    /// Changed in place: what a list costs to be appended to must not depend on how long it is.
    package subscript(member: ReplicaIndex) -> Value {
        // Not one that yields: of a large value it is compiled wrongly where it is not inlined (swiftlang/swift#90550).
        get { values[member.position] }
        _modify { yield &values[member.position] }
    }

    /// The values in the order of the members.
    package var all: [Value] { values }
}

extension ReplicaTable: Sendable where Value: Sendable {}

extension ReplicaTable where Value: Comparable {
    /// The largest value that `count` members reach or exceed: the `count`-th highest. With count = f+1, at least one
    /// correct member reaches it.
    package func reached(byAtLeast count: Int) -> Value {
        precondition(count >= 1 && count <= values.count)
        return values.sorted(by: >)[count - 1]
    }
}
