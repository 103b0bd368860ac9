// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// An ordered map whose copies share what is equal: copying costs O(1), a change costs O(log n) and copies only those
/// nodes on its path that another copy still uses. So a snapshot is a copy, and a map without snapshots is changed in
/// place.
///
/// It is a B+ tree: entries lie in the leaves, all at one depth; inner nodes hold only the way to them. Leaves are not
/// linked to each other, since a link would have to be changed in every copy.
package struct PersistentOrderedMap<Key: Comparable & Sendable, Value: Sendable>: Sendable {
    typealias Node = MapNode<Key, Value>

    var root: Node
    package private(set) var count: Int

    package init() {
        root = Node()
        count = 0
    }

    init(root: Node, count: Int) {
        self.root = root
        self.count = count
    }

    package var isEmpty: Bool { count == 0 }

    /// The value of a key; assigning nil removes the key.
    package subscript(key: Key) -> Value? {
        get { root.value(of: key) }
        set {
            if let newValue { updateValue(newValue, forKey: key) } else { removeValue(forKey: key) }
        }
    }

    /// Sets the value of a key and returns the one it had.
    @discardableResult
    package mutating func updateValue(_ value: Value, forKey key: Key) -> Value? {
        makeRootUnique()
        let insertion = root.insert(value, forKey: key)
        if let split = insertion.split {
            root = Node(separators: [split.separator], children: [root, split.right])
        }
        if insertion.replaced == nil { count += 1 }
        return insertion.replaced
    }

    /// Removes a key and returns the value it had; without it nothing is copied.
    @discardableResult
    package mutating func removeValue(forKey key: Key) -> Value? {
        guard root.value(of: key) != nil else { return nil }
        makeRootUnique()
        let removed = root.remove(key)
        if root.children.count == 1 { root = root.children[0] }
        count -= 1
        return removed
    }

    private mutating func makeRootUnique() {
        if !isKnownUniquelyReferenced(&root) { root = root.copy() }
    }
}
