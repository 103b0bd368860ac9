// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Random numbers that the driver has drawn for the core, which has no chance of its own. Each is used once.
package struct EntropyStock: Sendable {
    /// So many are kept at most.
    package var capacity: Int
    private var numbers: [UInt64] = []
    private var isAskedFor = false

    package init(capacity: Int) { self.capacity = capacity }

    package var count: Int { numbers.count }

    package mutating func take() -> UInt64? { numbers.popLast() }

    /// How many to ask the driver for, once; 0 while there are enough or some are on their way.
    package mutating func wanted() -> Int {
        guard !isAskedFor, numbers.count <= capacity / 2 else { return 0 }
        isAskedFor = true
        return capacity - numbers.count
    }

    package mutating func refill(_ drawn: [UInt64]) {
        isAskedFor = false
        numbers.append(contentsOf: drawn.prefix(capacity - numbers.count))
    }
}
