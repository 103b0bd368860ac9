// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The checkpoints that this replica can serve: those it took itself and those it installed. The core says which are not
/// needed any more, which bounds them.
package struct SnapshotStore: Sendable {
    private struct Entry {
        let instance: Instance
        let checkpoint: HashedCheckpoint
    }

    private var entries: [Entry] = []

    package init() {}

    package var count: Int { entries.count }

    package mutating func insert(_ checkpoint: HashedCheckpoint, after instance: Instance) {
        guard self.checkpoint(after: instance, checkpoint.digest) == nil else { return }
        entries.append(Entry(instance: instance, checkpoint: checkpoint))
    }

    /// Nil when it is not kept: never taken, dropped, or different from what the digest names.
    package func checkpoint(after instance: Instance, _ digest: Digest) -> HashedCheckpoint? {
        entries.first { $0.instance == instance && $0.checkpoint.digest == digest }?.checkpoint
    }

    /// What was taken of a state that another one has replaced.
    package mutating func forget(beyond instance: Instance) { entries.removeAll { $0.instance > instance } }

    package mutating func forget(below instance: Instance) {
        entries.removeAll { $0.instance < instance }
    }
}
