// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The service's newest snapshot with what was written of it, which the next one is written after. It is kept only where the
/// service makes use of it: as long as it is there, whatever the service changes is copied.
package struct NewestSnapshot<Machine: StreamingStateMachine>: Sendable {
    private var written: WrittenSnapshot<Machine.Snapshot>?

    package init() {}

    package mutating func write(
        _ snapshot: PendingSnapshot<Machine>, hashing digest: @escaping (Bytes) -> Digest
    ) -> WrittenSnapshot<Machine.Snapshot> {
        let next = snapshot.write(after: written, hashing: digest)
        keep(next)
        return next
    }

    /// The service has been restored from a checkpoint, and `snapshot` is of the state that it has now.
    package mutating func note(_ snapshot: Machine.Snapshot, restoredFrom checkpoint: HashedCheckpoint) {
        keep(WrittenSnapshot(snapshot, restoredFrom: checkpoint))
    }

    private mutating func keep(_ snapshot: WrittenSnapshot<Machine.Snapshot>) {
        written = Machine.writesIncrementally ? snapshot : nil
    }
}
