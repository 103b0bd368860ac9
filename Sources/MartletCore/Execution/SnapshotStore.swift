// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The encoded checkpoints that this replica can serve: those it took itself and those it installed. The core says
/// which are not needed any more, which bounds them.
package struct SnapshotStore: Sendable {
    private struct Entry {
        let instance: Instance
        let digest: Digest
        let state: Bytes
    }

    private var entries: [Entry] = []

    package init() {}

    package var count: Int { entries.count }

    package mutating func insert(_ state: Bytes, instance: Instance, digest: Digest) {
        guard self.state(instance: instance, digest: digest) == nil else { return }
        entries.append(Entry(instance: instance, digest: digest, state: state))
    }

    /// Nil when it is not kept: never taken, dropped, or different from what the digest names.
    package func state(instance: Instance, digest: Digest) -> Bytes? {
        entries.first { $0.instance == instance && $0.digest == digest }?.state
    }

    /// What was taken of a state that another one has replaced.
    package mutating func forget(beyond instance: Instance) { entries.removeAll { $0.instance > instance } }

    package mutating func forget(below instance: Instance) {
        entries.removeAll { $0.instance < instance }
    }
}
