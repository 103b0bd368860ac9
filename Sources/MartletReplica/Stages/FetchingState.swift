// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes
import Synchronization

/// What of a state this replica fetches at the moment, for those stages that do not own the core.
final class FetchingState: Sendable {
    private let state = Mutex<FetchedState?>(nil)

    func wantsManifest(of checkpoint: CheckpointName, from member: ReplicaID) -> Bool {
        state.withLock { $0.map { $0.checkpoint == checkpoint && $0.manifestFrom.contains(member) } ?? false }
    }

    func wantsChunks(of checkpoint: CheckpointName, from member: ReplicaID) -> Bool {
        state.withLock { $0.map { $0.checkpoint == checkpoint && $0.chunksFrom.contains(member) } ?? false }
    }

    /// By the ordering thread alone.
    func note(_ fetched: FetchedState?) { state.withLock { $0 = fetched } }
}
