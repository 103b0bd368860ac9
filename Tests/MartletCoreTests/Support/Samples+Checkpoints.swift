// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Checkpoints of made-up chunks, each of which tells its place.
extension Samples {
    static func chunk(_ place: Int, bytes: Int = 8) -> Bytes {
        [UInt8(place & 0xFF)] + Bytes(repeating: UInt8(place >> 8), count: bytes - 1)
    }

    /// Stands for a hash of what `chunk` makes.
    static func digest(ofChunk bytes: Bytes) -> Digest {
        Digest(words: Words32(UInt64(bytes.first ?? 0), UInt64(bytes.last ?? 0), UInt64(bytes.count), 77))
    }

    static func contents(chunks: Range<Int>, bytes: Int = 8) -> CheckpointContents {
        CheckpointContents(imageChunks: 1, chunks: chunks.map { chunk($0, bytes: bytes) })
    }

    static func hashed(_ contents: CheckpointContents, _ digest: Digest) -> HashedCheckpoint {
        HashedCheckpoint(
            contents: contents,
            manifest: CheckpointManifest(
                imageChunks: contents.imageChunks, bytes: contents.bytes,
                digests: contents.chunks.map { self.digest(ofChunk: $0) }),
            digest: digest)
    }
}
