// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A checkpoint by the digest that its votes name: equal names have equal contents.
package struct CheckpointName: Hashable, Sendable {
    package let instance: Instance
    package let digest: Digest

    package init(instance: Instance, digest: Digest) {
        self.instance = instance
        self.digest = digest
    }
}

extension CheckpointCertificate {
    package var name: CheckpointName { CheckpointName(instance: instance, digest: digest) }
}

/// Which chunks a checkpoint consists of: the answer to `PeerMessage.fetchManifest`.
package struct NamedManifest: Hashable, Sendable {
    package let checkpoint: CheckpointName
    package let manifest: CheckpointManifest

    package init(checkpoint: CheckpointName, manifest: CheckpointManifest) {
        self.checkpoint = checkpoint
        self.manifest = manifest
    }
}

/// Asks for some of a checkpoint's chunks. Each comes as a message of its own, at the source's pace.
package struct FetchChunks: Hashable, Sendable {
    /// The most that one request may ask for.
    package static let positionsMax = 512

    package let checkpoint: CheckpointName
    /// Ascending. None asks only that the checkpoint, and the decisions after it, be kept a while longer.
    package let positions: [UInt32]

    package init(checkpoint: CheckpointName, positions: [UInt32]) {
        self.checkpoint = checkpoint
        self.positions = positions
    }
}

/// A chunk of a checkpoint, as it travels; the receiver hashes it (`HashedChunk`).
package struct CheckpointChunk: Hashable, Sendable {
    package let checkpoint: CheckpointName
    package let position: UInt32
    /// Not empty, and no longer than `SnapshotChunks.chunkBytesMax`.
    package let bytes: Bytes

    package init(checkpoint: CheckpointName, position: UInt32, bytes: Bytes) {
        self.checkpoint = checkpoint
        self.position = position
        self.bytes = bytes
    }
}

/// A chunk with the digest of its bytes.
package struct HashedChunk: Hashable, Sendable {
    package let chunk: CheckpointChunk
    package let digest: Digest

    package init(chunk: CheckpointChunk, digest: Digest) {
        self.chunk = chunk
        self.digest = digest
    }
}
