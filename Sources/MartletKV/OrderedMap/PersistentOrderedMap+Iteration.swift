// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

extension PersistentOrderedMap: Sequence {
    package typealias Element = (key: Key, value: Value)

    /// Walks the entries in ascending order of keys. It walks the map as it was when the walk began, whatever happens
    /// to the map meanwhile.
    package struct Iterator: IteratorProtocol {
        /// From the root to a leaf, each node with the place to visit next. Only the leaf's place may lie at its end.
        private var path: [(node: Node, place: Int)] = []

        fileprivate init(from root: Node) { descend(into: root) }

        fileprivate init(from root: Node, key: Key) {
            var node = root
            while !node.isLeaf {
                let place = node.childPlace(of: key)
                path.append((node, place + 1))
                node = node.children[place]
            }
            path.append((node, node.firstPlace(notBelow: key)))
        }

        package mutating func next() -> Element? {
            while let last = path.last {
                let (node, place) = last
                guard place < node.load else {
                    path.removeLast()
                    continue
                }
                path[path.count - 1].place = place + 1
                if node.isLeaf { return (node.keys[place], node.values[place]) }
                descend(into: node.children[place])
            }
            return nil
        }

        private mutating func descend(into top: Node) {
            var node = top
            while !node.isLeaf {
                path.append((node, 1))
                node = node.children[0]
            }
            path.append((node, 0))
        }
    }

    package func makeIterator() -> Iterator { Iterator(from: root) }

    /// A walk that begins at the first key that is the given one or above it.
    package func makeIterator(from key: Key) -> Iterator { Iterator(from: root, key: key) }

    package var underestimatedCount: Int { count }
}
