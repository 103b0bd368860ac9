// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What this replica fetches at the moment, and from whom it takes it: a manifest is long to be hashed, and one is enough.
package struct FetchedState: Hashable, Sendable {
    package let checkpoint: CheckpointName
    /// Asked for the manifest, while that is not there.
    package let manifestFrom: [ReplicaID]
    /// Asked for chunks.
    package let chunksFrom: [ReplicaID]

    package init(checkpoint: CheckpointName, manifestFrom: [ReplicaID], chunksFrom: [ReplicaID]) {
        self.checkpoint = checkpoint
        self.manifestFrom = manifestFrom
        self.chunksFrom = chunksFrom
    }
}
