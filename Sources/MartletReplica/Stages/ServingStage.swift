// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletTypes
import MartletWire
import Synchronization

/// This replica's checkpoints in memory: the snapshot stage puts them there, the serving stage hands them out.
final class SharedSnapshots: Sendable {
    private let store = Mutex(SnapshotStore())

    /// As they are now: bytes are shared, not copied.
    var now: SnapshotStore { store.withLock { $0 } }

    func change<Result: Sendable>(_ body: (inout SnapshotStore) -> Result) -> Result {
        store.withLock { store in body(&store) }
    }
}

/// What the serving thread is given.
enum ServingJob: Sendable {
    case serve(CheckpointService)
    case lookUp(ChunkLookUp)
}

/// A thread for what is fetched of states: by others, and by this replica in its own memory. It waits for no disk, or a replica
/// whose disk hangs would be no source, and a large snapshot that is being written would hold up whoever fetches.
struct ServingStage: Sendable {
    let jobs: Mailbox<ServingJob>
    let ordering: Mailbox<OrderingInput>
    let snapshots: SharedSnapshots
    let links: PeerLinks

    /// Returns when the mailbox is closed.
    func run() {
        var taken: [ServingJob] = []
        while jobs.wait(into: &taken) {
            for job in taken {
                switch job {
                case .serve(let service): serve(service)
                case .lookUp(let wanted): lookUp(wanted)
                }
            }
        }
    }

    /// What is dropped in the meantime, or not encoded yet, the core hears of.
    private func serve(_ service: CheckpointService) {
        let (messages, served) = snapshots.now.serve(service)
        if !messages.isEmpty { links.send(messages.map { $0.encoded() }, to: service.receiver) }
        ordering.post(.event(.served(served)))
    }

    private func lookUp(_ lookUp: ChunkLookUp) {
        let found = snapshots.now.chunks(of: lookUp.wanted) { Hashing.digest(ofChunk: $0) }
        ordering.post(.event(.chunksFound(lookUp.checkpoint, found)))
    }
}
