// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// The whole replicated state after an instance, as bytes cut into chunks (protocol §7): first the encoded image, then the
/// service's snapshot. Equal states have equal chunks.
package struct CheckpointContents: Hashable, Sendable {
    /// So many chunks, the first ones, are the image's encoding; one at least.
    package let imageChunks: Int
    /// None is empty, and none longer than `chunkBytesMax`.
    package let chunks: [Bytes]

    package init(imageChunks: Int, chunks: [Bytes]) {
        self.imageChunks = imageChunks
        self.chunks = chunks
    }

    /// The service's.
    package var application: [Bytes] { Array(chunks.dropFirst(imageChunks)) }

    /// For the service to be restored.
    package var reader: SnapshotReader {
        SnapshotReader(count: chunks.count - imageChunks) { place in chunks[imageChunks + place] }
    }

    /// Of all chunks.
    package var bytes: Int { chunks.reduce(0) { $0 + $1.count } }
}

/// Which chunks a checkpoint consists of. Its own digest, the root of a Merkle tree over theirs, is what checkpoint votes name.
package struct CheckpointManifest: Hashable, Sendable {
    /// So many chunks, the first ones, are the image's encoding; one at least.
    package let imageChunks: Int
    /// Of all chunks together.
    package let bytes: Int
    /// Of each chunk, in order.
    package let digests: [Digest]

    package init(imageChunks: Int, bytes: Int, digests: [Digest]) {
        self.imageChunks = imageChunks
        self.bytes = bytes
        self.digests = digests
    }
}

/// A checkpoint's contents with their manifest, and its digest.
package struct HashedCheckpoint: Hashable, Sendable {
    package let contents: CheckpointContents
    package let manifest: CheckpointManifest
    /// What checkpoint votes name.
    package let digest: Digest

    package init(contents: CheckpointContents, manifest: CheckpointManifest, digest: Digest) {
        self.contents = contents
        self.manifest = manifest
        self.digest = digest
    }
}

extension SnapshotChunks {
    /// Bytes without chunks of their own, cut: all pieces but the last have `pieceBytes`.
    package static func pieces(of bytes: Bytes, pieceBytes: Int = SnapshotChunks.pieceBytes) -> [Bytes] {
        stride(from: 0, to: bytes.count, by: pieceBytes).map { start in
            Bytes(bytes[start..<min(start + pieceBytes, bytes.count)])
        }
    }
}
