// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What is said while a state is fetched.
extension FieldWalker {
    mutating func walk(_ name: CheckpointName) -> CheckpointName {
        CheckpointName(instance: instance(name.instance), digest: digest(name.digest))
    }

    mutating func walk(_ named: NamedManifest) -> NamedManifest {
        let manifest = named.manifest
        return NamedManifest(
            checkpoint: walk(named.checkpoint),
            manifest: CheckpointManifest(
                imageChunks: count(manifest.imageChunks), bytes: count(manifest.bytes),
                digests: list(manifest.digests) { walker, digest in walker.digest(digest) }))
    }

    mutating func walk(_ fetch: FetchChunks) -> FetchChunks {
        FetchChunks(
            checkpoint: walk(fetch.checkpoint),
            positions: list(fetch.positions) { walker, position in walker.position(position) })
    }

    mutating func walk(_ chunk: CheckpointChunk) -> CheckpointChunk {
        CheckpointChunk(
            checkpoint: walk(chunk.checkpoint), position: position(chunk.position), bytes: bytes(chunk.bytes, .state))
    }

    private mutating func position(_ position: UInt32) -> UInt32 {
        UInt32(truncatingIfNeeded: number(UInt64(position), .place))
    }

    private mutating func count(_ count: Int) -> Int { Int(clamping: number(UInt64(count), .place)) }
}
