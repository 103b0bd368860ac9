// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A node of `PersistentOrderedMap`: a leaf holds entries, an inner node children and the keys that part them.
///
/// Sendable although it can change, because whoever changes it is alone: a map changes a node only if every reference
/// on the path from its root is the only one (`isKnownUniquelyReferenced`), and copies it otherwise. Whatever two maps
/// can reach is never written again. It is the ground on which `Array` stands.
final class MapNode<Key: Comparable & Sendable, Value: Sendable>: @unchecked Sendable {
    /// The most entries of a leaf and children of an inner node. Around 32, searching and copying a node cost about as
    /// much as the memory accesses of one level more.
    static var capacity: Int { 32 }
    /// The fewest, but for the root. A quarter and not half, so that a change to and fro does not split and join.
    static var minimum: Int { capacity / 4 }

    /// Leaf: the keys of the entries, ascending. Inner node: `keys[i]` is above every key below `children[i]`, and not
    /// above any below `children[i + 1]`.
    var keys: [Key]
    /// Leaf: the values, as many as keys. Inner node: empty.
    var values: [Value]
    /// Inner node: one more than keys, all of one depth. Leaf: empty.
    var children: [MapNode]

    init(keys: [Key] = [], values: [Value] = []) {
        self.keys = keys
        self.values = values
        self.children = []
    }

    init(separators: [Key], children: [MapNode]) {
        self.keys = separators
        self.values = []
        self.children = children
    }

    var isLeaf: Bool { children.isEmpty }
    /// Entries of a leaf, children of an inner node: what capacity and minimum count.
    var load: Int { isLeaf ? keys.count : children.count }

    /// Another node with the same content; the arrays are shared until one of the two changes.
    func copy() -> MapNode {
        isLeaf ? MapNode(keys: keys, values: values) : MapNode(separators: keys, children: children)
    }

    func value(of key: Key) -> Value? {
        var node = self
        while !node.isLeaf { node = node.children[node.childPlace(of: key)] }
        let place = node.firstPlace(notBelow: key)
        return place < node.keys.count && node.keys[place] == key ? node.values[place] : nil
    }

    /// The place of the child below which the key belongs: the number of separators not above it.
    func childPlace(of key: Key) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if key < keys[middle] { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The place of the first key that is the given one or above it.
    func firstPlace(notBelow key: Key) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Makes sure that nobody else refers to the child, so that it may be changed.
    func makeChildUnique(_ place: Int) {
        if !isKnownUniquelyReferenced(&children[place]) { children[place] = children[place].copy() }
    }
}
