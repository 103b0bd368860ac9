// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A snapshot with the chunks that were written of it, or that it was restored from.
public struct WrittenSnapshot<Snapshot: Sendable>: Sendable {
    public let snapshot: Snapshot
    /// None is empty.
    public let chunks: [Bytes]
    /// Of each chunk.
    package let digests: [Digest]

    package init(_ snapshot: Snapshot, chunks: [Bytes], digests: [Digest]) {
        precondition(chunks.count == digests.count, "each chunk has one digest")
        self.snapshot = snapshot
        self.chunks = chunks
        self.digests = digests
    }

    /// What a checkpoint holds of a service that has just been restored from it.
    package init(_ snapshot: Snapshot, restoredFrom checkpoint: HashedCheckpoint) {
        let imageChunks = checkpoint.contents.imageChunks
        self.init(
            snapshot, chunks: checkpoint.contents.application,
            digests: Array(checkpoint.manifest.digests.dropFirst(imageChunks)))
    }
}
