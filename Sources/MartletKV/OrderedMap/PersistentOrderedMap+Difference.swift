// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

extension PersistentOrderedMap where Value: Equatable {
    /// The keys that only one of the two maps has, or that have different values there, ascending. What the maps share is not
    /// walked: where one has come from the other, this costs O(c log n) for c changes between them.
    package func keysChanged(since other: Self) -> [Key] {
        var changed: [Key] = []
        guard root !== other.root else { return changed }
        var (one, two) = (DifferenceWalk(root), DifferenceWalk(other.root))
        while !one.isAtEnd, !two.isAtEnd {
            if one.height > two.height {
                one.descend()
            } else if two.height > one.height {
                two.descend()
            } else if one.height == 0 {
                Self.compare(&one, &two, into: &changed)
            } else if one.child === two.child || (one.height == 1 && one.child.differs(from: two.child, by: &changed)) {
                one.advance()
                two.advance()
            } else {
                one.descend()
                two.descend()
            }
        }
        one.takeRest(into: &changed)
        two.takeRest(into: &changed)
        return changed
    }

    /// Both stand at an entry.
    private static func compare(
        _ one: inout DifferenceWalk<Key, Value>, _ two: inout DifferenceWalk<Key, Value>, into changed: inout [Key]
    ) {
        let (first, second) = (one.entry, two.entry)
        if first.key < second.key {
            changed.append(first.key)
            one.advance()
        } else if second.key < first.key {
            changed.append(second.key)
            two.advance()
        } else {
            if first.value != second.value { changed.append(first.key) }
            one.advance()
            two.advance()
        }
    }
}

extension MapNode where Value: Equatable {
    /// False when the two leaves may have different keys. Where values were changed and no key came or went, keys are still
    /// the same array, and nobody needs to look at them.
    fileprivate func differs(from other: MapNode, by changed: inout [Key]) -> Bool {
        guard keys.sharesStorage(with: other.keys) else { return false }
        for place in keys.indices where values[place] != other.values[place] { changed.append(keys[place]) }
        return true
    }
}

extension Array {
    fileprivate func sharesStorage(with other: Self) -> Bool {
        unsafe withUnsafeBufferPointer { mine in
            unsafe other.withUnsafeBufferPointer { unsafe mine.baseAddress == $0.baseAddress && mine.count == $0.count }
        }
    }
}

/// A place in a map, in ascending order: before a whole subtree as long as nobody descends into it, or before an entry. Two
/// walks that stand before subtrees of one height skip them together when they are the same.
private struct DifferenceWalk<Key: Comparable & Sendable, Value: Sendable> {
    /// From the root down, each node with the place of its child or entry that comes next.
    private var path: [(node: MapNode<Key, Value>, place: Int)]
    private let levels: Int

    init(_ root: MapNode<Key, Value>) {
        var (levels, node) = (1, root)
        while !node.isLeaf { (levels, node) = (levels + 1, node.children[0]) }
        self.levels = levels
        path = root.load == 0 ? [] : [(root, 0)]
    }

    var isAtEnd: Bool { path.isEmpty }
    /// 0 before an entry, 1 before a leaf, and so on.
    var height: Int { levels - path.count }
    var child: MapNode<Key, Value> { path[path.count - 1].node.children[path[path.count - 1].place] }
    var entry: (key: Key, value: Value) {
        let (node, place) = path[path.count - 1]
        return (node.keys[place], node.values[place])
    }

    mutating func descend() { path.append((child, 0)) }

    mutating func advance() {
        while let (node, place) = path.last {
            guard place + 1 == node.load else {
                path[path.count - 1].place = place + 1
                return
            }
            path.removeLast()
        }
    }

    mutating func takeRest(into keys: inout [Key]) {
        while !isAtEnd {
            if height > 0 {
                descend()
            } else {
                keys.append(entry.key)
                advance()
            }
        }
    }
}
