// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What this replica fetches at the moment, and from whom it takes it: a manifest is long to be hashed, and one is enough.
package struct FetchedState: Hashable, Sendable {
    package let checkpoint: CheckpointName
    /// Asked for the manifest, while that is not there.
    package let manifestFrom: ReplicaSet
    /// Asked for chunks.
    package let chunksFrom: ReplicaSet

    package init(checkpoint: CheckpointName, manifestFrom: ReplicaSet, chunksFrom: ReplicaSet) {
        self.checkpoint = checkpoint
        self.manifestFrom = manifestFrom
        self.chunksFrom = chunksFrom
    }
}
