// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

// Every method here needs the node to be unique.
extension MapNode {
    /// Removes a key that is there.
    func remove(_ key: Key) -> Value {
        if isLeaf {
            let place = firstPlace(notBelow: key)
            keys.remove(at: place)
            return values.remove(at: place)
        }
        let place = childPlace(of: key)
        makeChildUnique(place)
        let removed = children[place].remove(key)
        if children[place].load < Self.minimum { refill(place) }
        return removed
    }

    /// Joins a child that has too little with a neighbour, and parts the two evenly where that makes one too full.
    private func refill(_ place: Int) {
        let left = place == 0 ? 0 : place - 1
        makeChildUnique(left)
        children[left].append(children[left + 1], separator: keys[left])
        guard children[left].load > Self.capacity else {
            keys.remove(at: left)
            children.remove(at: left + 1)
            return
        }
        let split = children[left].split(leaving: children[left].load / 2)
        keys[left] = split.separator
        children[left + 1] = split.right
    }

    /// Takes in what the node to the right holds, which itself stays as it is.
    private func append(_ right: MapNode, separator: Key) {
        if !isLeaf { keys.append(separator) }
        keys.append(contentsOf: right.keys)
        values.append(contentsOf: right.values)
        children.append(contentsOf: right.children)
    }
}
