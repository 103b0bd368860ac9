// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import MartletWire

import struct Crypto.SHA256

/// Checkpoints are hashed as Merkle trees over their chunks (protocol §7), so that each chunk can be told right from wrong by itself.
extension Hashing {
    /// A chunk may be large and is not copied.
    package static func digest(ofChunk chunk: Bytes) -> Digest {
        var hash = SHA256()
        hash.update(data: HashInput.chunkPrefix)
        hash.update(data: chunk)
        return digest(hash.finalize())
    }

    /// What checkpoint votes name.
    package static func digest(of manifest: CheckpointManifest) -> Digest {
        digest(
            of: HashInput.manifest(
                root: root(of: manifest.digests), imageChunks: manifest.imageChunks, chunks: manifest.digests.count,
                bytes: manifest.bytes
            ).bytes)
    }

    package static func hashed(_ contents: CheckpointContents) -> HashedCheckpoint {
        hashed(contents, digests: contents.chunks.map { digest(ofChunk: $0) })
    }

    /// Where the digests of the service's chunks are known.
    package static func hashed<Snapshot>(
        _ contents: CheckpointContents, _ application: WrittenSnapshot<Snapshot>
    ) -> HashedCheckpoint {
        let image = contents.chunks.prefix(contents.imageChunks)
        return hashed(contents, digests: image.map { digest(ofChunk: $0) } + application.digests)
    }

    /// Where the chunks' digests are known.
    package static func hashed(_ contents: CheckpointContents, digests: [Digest]) -> HashedCheckpoint {
        let manifest = CheckpointManifest(
            imageChunks: contents.imageChunks, bytes: contents.bytes, digests: digests)
        return HashedCheckpoint(contents: contents, manifest: manifest, digest: digest(of: manifest))
    }

    /// Two by two, level by level; one that is left over goes up as it is. How many leaves there are is hashed beside the root.
    package static func root(of leaves: [Digest]) -> Digest {
        var level = leaves
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: 2).map { place in
                place + 1 < level.count
                    ? digest(of: HashInput.node(level[place], level[place + 1]).bytes) : level[place]
            }
        }
        return level.first ?? .zero
    }
}
