// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Which layers are given up with a checkpoint: what it needs of them is written again.
struct LayerRetirement {
    private struct Share {
        let layer: LayerNumber
        let fileBytes: Int
        /// Of this checkpoint.
        var bytes = 0

        var isMostlyDead: Bool { 2 * bytes < fileBytes }
    }

    private var whole = Set<LayerNumber>()
    /// One more, of which only so many bytes are written again this time.
    private var partly: (layer: LayerNumber, bytesLeft: Int)?

    /// Of none.
    init() {}

    init(
        _ checkpoint: HashedCheckpoint, known: [Digest: ChunkPlace], layers: [(number: LayerNumber, bytes: Int)],
        _ settings: SnapshotSettings
    ) {
        var shares = layers.map { Share(layer: $0.number, fileBytes: $0.bytes) }
        let newBytes = Self.count(checkpoint, known, in: &shares)
        let used = shares.filter { $0.bytes > 0 }
        retireDead(used, budget: max(newBytes, settings.rewrittenBytes))
        var kept = used.filter { !whole.contains($0.layer) }.sorted { ($0.bytes, $1.layer) < ($1.bytes, $0.layer) }
        // With the new one.
        while kept.count + 1 > settings.layersMax { whole.insert(kept.removeFirst().layer) }
    }

    /// Counts what each layer holds of the checkpoint. Returns the bytes that none holds.
    private static func count(
        _ checkpoint: HashedCheckpoint, _ known: [Digest: ChunkPlace], in shares: inout [Share]
    ) -> Int {
        var seen = Set<Digest>()
        var newBytes = 0
        var indices: [LayerNumber: Int] = [:]
        for (index, share) in shares.enumerated() { indices[share.layer] = index }
        for (position, digest) in checkpoint.manifest.digests.enumerated() where seen.insert(digest).inserted {
            if let place = known[digest], let index = indices[place.layer] {
                shares[index].bytes += place.bytes
            } else {
                newBytes += checkpoint.contents.chunks[position].count
            }
        }
        return newBytes
    }

    /// Those first that free the most for what they cost. One that was begun with is emptier the next time.
    private mutating func retireDead(_ used: [Share], budget: Int) {
        let byWorth = used.sorted { first, second in
            // Products that may not fit into an integer.
            let worth = first.bytes.multipliedFullWidth(by: second.fileBytes)
            let other = second.bytes.multipliedFullWidth(by: first.fileBytes)
            return (worth.high, worth.low, first.layer) < (other.high, other.low, second.layer)
        }
        var left = budget
        for share in byWorth where share.isMostlyDead {
            guard share.bytes <= left else {
                partly = (share.layer, left)
                return
            }
            left -= share.bytes
            whole.insert(share.layer)
        }
    }

    /// Whether a chunk there is to be written again; each is asked for once.
    mutating func takes(_ place: ChunkPlace) -> Bool {
        if whole.contains(place.layer) { return true }
        guard let (layer, bytesLeft) = partly, layer == place.layer, place.bytes <= bytesLeft else { return false }
        partly = (layer, bytesLeft - place.bytes)
        return true
    }
}
