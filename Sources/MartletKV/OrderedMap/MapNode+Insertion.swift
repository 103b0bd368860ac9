// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

// Every method here needs the node to be unique.
extension MapNode {
    /// The right half of a node that was too full; its keys are not below the separator.
    struct Split {
        let separator: Key
        let right: MapNode
    }

    struct Insertion {
        /// The value that the key had.
        let replaced: Value?
        /// What the parent must take in beside this node.
        let split: Split?
    }

    func insert(_ value: Value, forKey key: Key) -> Insertion {
        isLeaf ? insertIntoLeaf(value, forKey: key) : insertBelow(value, forKey: key)
    }

    private func insertIntoLeaf(_ value: Value, forKey key: Key) -> Insertion {
        let place = firstPlace(notBelow: key)
        if place < keys.count, keys[place] == key {
            let replaced = values[place]
            values[place] = value
            return Insertion(replaced: replaced, split: nil)
        }
        keys.insert(key, at: place)
        values.insert(value, at: place)
        return Insertion(replaced: nil, split: splitIfTooFull())
    }

    private func insertBelow(_ value: Value, forKey key: Key) -> Insertion {
        let place = childPlace(of: key)
        makeChildUnique(place)
        let insertion = children[place].insert(value, forKey: key)
        guard let split = insertion.split else { return insertion }
        keys.insert(split.separator, at: place)
        children.insert(split.right, at: place + 1)
        return Insertion(replaced: insertion.replaced, split: splitIfTooFull())
    }

    private func splitIfTooFull() -> Split? { load > Self.capacity ? split(leaving: load / 2) : nil }

    /// Keeps the first `kept` entries or children and gives away the rest.
    func split(leaving kept: Int) -> Split {
        if isLeaf {
            let right = MapNode(keys: Array(keys[kept...]), values: Array(values[kept...]))
            keys.removeSubrange(kept...)
            values.removeSubrange(kept...)
            return Split(separator: right.keys[0], right: right)
        }
        let separator = keys[kept - 1]
        let right = MapNode(separators: Array(keys[kept...]), children: Array(children[kept...]))
        keys.removeSubrange((kept - 1)...)
        children.removeSubrange(kept...)
        return Split(separator: separator, right: right)
    }
}
