// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// The changes of names that a `VolatileDirectory` has not made durable, in order.
struct VolatileNames: Sendable {
    struct Change: Hashable, Sendable {
        /// Which file.
        let file: Int
        /// Nil: it was created.
        let old: String?
        /// Nil: it was removed.
        let new: String?

        /// Whether they may not be done in the other order.
        func concerns(_ other: Change) -> Bool {
            let names = [old, new].compactMap(\.self)
            return file == other.file || names.contains { $0 == other.old || $0 == other.new }
        }
    }

    private(set) var pending: [Change] = []

    mutating func append(_ change: Change) { pending.append(change) }

    func concern(_ file: Int) -> Bool { pending.contains { $0.file == file } }

    /// The places of those that may be done before all others: no earlier one is about the same file or a name of theirs.
    var free: [Int] {
        pending.indices.filter { place in pending[..<place].allSatisfy { !$0.concerns(pending[place]) } }
    }

    mutating func remove(at place: Int) -> Change { pending.remove(at: place) }
}
