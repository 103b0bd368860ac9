// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletTypes

/// Checkpoints whose digests are made without cryptography.
enum SampleCheckpoint {
    static let hashing = SnapshotHashing(chunk: digest(ofChunk:), manifest: digest(of:))

    static func digest(ofChunk chunk: Bytes) -> Digest {
        Digest(words: Words32(UInt64(CRC32C.checksum(chunk)), UInt64(chunk.count), 5, 6))
    }

    static func digest(of manifest: CheckpointManifest) -> Digest {
        let mixed = manifest.digests.reduce(UInt64(manifest.imageChunks)) {
            ($0 &+ $1.words.word0) &* 0x9E37_79B9_7F4A_7C15
        }
        return Digest(words: Words32(mixed, UInt64(manifest.bytes), 7, 8))
    }

    static func hashed(_ contents: CheckpointContents) -> HashedCheckpoint {
        let manifest = CheckpointManifest(
            imageChunks: contents.imageChunks, bytes: contents.bytes, digests: contents.chunks.map(digest(ofChunk:)))
        return HashedCheckpoint(contents: contents, manifest: manifest, digest: digest(of: manifest))
    }

    static func of(_ chunks: [Bytes]) -> HashedCheckpoint {
        hashed(CheckpointContents(imageChunks: 1, chunks: chunks))
    }

    /// Chunk number `n` has the version `versions[n]`, and so many bytes as these two come to.
    static func versions(_ versions: [Int], unit: Int = 10) -> HashedCheckpoint {
        of(
            versions.enumerated().map { number, version in
                Bytes(repeating: UInt8(truncatingIfNeeded: 31 * number + 7 * version + 1), count: unit + number)
                    + [UInt8(truncatingIfNeeded: version >> 8), UInt8(truncatingIfNeeded: version), UInt8(number)]
            })
    }

    static func certificate(_ instance: UInt64, _ checkpoint: HashedCheckpoint) -> CheckpointCertificate {
        CheckpointCertificate(
            view: .genesis, instance: Instance(instance), digest: checkpoint.digest, shares: [])
    }
}
