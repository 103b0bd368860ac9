// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

extension PersistentOrderedMap {
    /// Builds a map from keys in strictly ascending order with as many values, in O(n), its nodes well filled.
    package init(ascending keys: [Key], values: [Value]) {
        precondition(keys.count == values.count, "each key has one value")
        precondition(zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 }, "keys ascend strictly")
        var level = Self.portions(of: keys.count).map { portion in
            (
                least: keys.isEmpty ? nil : keys[portion.lowerBound],
                node: Node(keys: Array(keys[portion]), values: Array(values[portion]))
            )
        }
        while level.count > 1 {
            level = Self.portions(of: level.count).map { portion in
                let members = level[portion]
                return (
                    members.first?.least,
                    Node(separators: members.dropFirst().compactMap(\.least), children: members.map(\.node))
                )
            }
        }
        self.init(root: level[0].node, count: keys.count)
    }

    /// Cuts 0 ..< count into as few portions as nodes can hold, of sizes that differ by one at most; so no node has
    /// less than half of what it can hold. One portion at least.
    private static func portions(of count: Int) -> [Range<Int>] {
        let pieces = Swift.max(1, (count + Node.capacity - 1) / Node.capacity)
        return (0..<pieces).map { $0 * count / pieces..<($0 + 1) * count / pieces }
    }
}
