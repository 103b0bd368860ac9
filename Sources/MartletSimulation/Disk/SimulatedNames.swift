// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// The names of a directory, each of a file by its place in the list of all files that ever were.
struct SimulatedNames: Sendable {
    struct Entry: Hashable, Sendable {
        let name: String
        let file: Int
    }

    private struct Change {
        let removed: String?
        let added: Entry?
    }

    /// Ascending by name.
    private(set) var visible: [Entry] = []
    private var durable: [Entry] = []
    /// Since the last sync, in order.
    private var pending: [Change] = []

    func file(of name: String) -> Int? { visible.first { $0.name == name }?.file }

    func isVisible(_ file: Int) -> Bool { visible.contains { $0.file == file } }

    mutating func change(removing removed: String?, adding added: Entry?) {
        let change = Change(removed: removed, added: added)
        Self.apply(change, to: &visible)
        pending.append(change)
    }

    mutating func sync() {
        for change in pending { Self.apply(change, to: &durable) }
        pending = []
    }

    /// - Parameter isKept: of each change, in order.
    mutating func crash(_ isKept: () -> Bool) {
        for change in pending where isKept() { Self.apply(change, to: &durable) }
        pending = []
        visible = durable
    }

    private static func apply(_ change: Change, to entries: inout [Entry]) {
        entries.removeAll { entry in
            // No file has two names: where an older change was lost, the newer one stands for both.
            entry.name == change.removed || entry.name == change.added?.name || entry.file == change.added?.file
        }
        guard let added = change.added else { return }
        entries.insert(added, at: entries.firstIndex { $0.name > added.name } ?? entries.count)
    }
}
