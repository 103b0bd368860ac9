// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What came of a few execution orders; one list per receiver, in order within each list. The driver empties it after
/// it has acted on it and hands it in again.
package struct ExecutionEffects<Machine: StreamingStateMachine>: ~Copyable {
    /// Each for the client that its request names.
    package var replies: [Reply] = []
    /// Of clients that are not served; after the replies.
    package var refusals: [ClientRefusal] = []
    /// Of reads that had to wait, by their tickets.
    package var readAnswers: [(ticket: UInt64, answer: ReplicaToClientMessage)] = []
    /// Reads that had to wait and can be run now, by their tickets: to be asked again, at the driver's pace.
    package var readsAgain: [(ticket: UInt64, read: ReadRequest)] = []
    /// For the core.
    package var events: [Event] = []
    /// To be encoded and hashed beside the execution; the digest goes to the core (`Event.snapshotTaken`).
    package var snapshots: [PendingSnapshot<Machine>] = []
    /// Encoded snapshots that are not needed any more.
    package var forgotten: ForgottenSnapshots?

    package init() {}

    package mutating func removeAll() {
        replies.removeAll(keepingCapacity: true)
        refusals.removeAll(keepingCapacity: true)
        readAnswers.removeAll(keepingCapacity: true)
        readsAgain.removeAll(keepingCapacity: true)
        events.removeAll(keepingCapacity: true)
        snapshots.removeAll(keepingCapacity: true)
        forgotten = nil
    }

    /// Several instances in a row are told as one.
    mutating func tellExecuted(_ instance: Instance) {
        if case .executed = events.last { events.removeLast() }
        events.append(.executed(upTo: instance))
    }
}

/// Those below that instance, besides those after these.
package struct ForgottenSnapshots: Hashable, Sendable {
    package let below: Instance
    package let except: [Instance]

    package init(below: Instance, except: [Instance] = []) {
        self.below = below
        self.except = except
    }
}

/// A picture of the whole replicated state. Taking it was cheap; `image()` and `NewestSnapshot.write` are not, and may run on
/// another thread.
package struct PendingSnapshot<Machine: StreamingStateMachine>: Sendable {
    package let instance: Instance
    let time: Timestamp
    let view: View
    let sessions: SessionTable
    let adaptation: AdaptationImage
    let replies: ReplyCache
    let application: Machine.Snapshot

    /// Equal states give equal images.
    package func image() -> CheckpointImage {
        CheckpointImage(
            instance: instance, time: time, view: view, sessions: replies.filling(sessions.records),
            openings: sessions.openings, access: sessions.served.table, adaptation: adaptation)
    }

    /// The service's chunks. What has not changed since the previous one is taken from there.
    func write(
        after previous: WrittenSnapshot<Machine.Snapshot>?, hashing digest: @escaping (Bytes) -> Digest
    ) -> WrittenSnapshot<Machine.Snapshot> {
        Machine.written(application, after: previous, hashing: digest)
    }
}
