// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Which chunks of a checkpoint go into a new layer, and where the others lie: those that no layer holds for certain, and some of
/// layers that are given up, because most of what they hold nobody needs or because there are too many.
///
/// What is written again costs no more than what it frees in the end, or is the least of many layers: `SnapshotSettings` has the
/// bounds. A layer may be given up over several checkpoints.
struct LayerPlan {
    /// Of the chunks that are written, in order, their positions.
    private(set) var written: [Int] = []
    /// Of all chunks, in order.
    private(set) var chunks: [StoredChunk] = []

    /// - Parameters:
    ///   - known: where chunks lie that count on.
    ///   - layers: with the bytes of chunks that they hold.
    ///   - isTight: nothing is written that need not be.
    ///   - resting: called after each bit of the work.
    init(
        _ checkpoint: HashedCheckpoint, into layer: LayerNumber, known: [Digest: ChunkPlace],
        layers: [(number: LayerNumber, bytes: Int)], _ settings: SnapshotSettings, isTight: Bool,
        resting: () -> Void = {}
    ) {
        let contents = checkpoint.contents.chunks
        var retirement =
            isTight ? LayerRetirement() : LayerRetirement(checkpoint, known: known, layers: layers, settings)
        var places: [Digest: ChunkPlace] = [:]
        var offset = LayerHeader.bytes
        chunks.reserveCapacity(contents.count)
        for (position, digest) in checkpoint.manifest.digests.enumerated() {
            if let place = places[digest] {
                chunks.append(StoredChunk(digest: digest, place: place))
                continue
            }
            let chunk = contents[position]
            let place: ChunkPlace
            if let found = known[digest], !retirement.takes(found) {
                place = found
            } else {
                place = ChunkPlace(
                    layer: layer, offset: offset, bytes: chunk.count, checksum: CRC32C.checksum(chunk))
                written.append(position)
                offset += chunk.count
                resting()
            }
            places[digest] = place
            chunks.append(StoredChunk(digest: digest, place: place))
        }
    }
}
