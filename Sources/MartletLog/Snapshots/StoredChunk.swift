// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import MartletWire

/// Where a chunk lies.
package struct ChunkPlace: Hashable, Sendable {
    package let layer: LayerNumber
    /// In the layer's file.
    package let offset: Int
    package let bytes: Int
    package let checksum: UInt32

    package init(layer: LayerNumber, offset: Int, bytes: Int, checksum: UInt32) {
        self.layer = layer
        self.offset = offset
        self.bytes = bytes
        self.checksum = checksum
    }

    /// Whether these are the bytes that were written there.
    package func fits(_ chunk: Bytes) -> Bool { chunk.count == bytes && CRC32C.checksum(chunk) == checksum }
}

/// A chunk of a snapshot, as its manifest names it.
package struct StoredChunk: Hashable, Sendable {
    /// In a manifest.
    static let bytes = 32 + 8 + 8 + 4 + 4

    package let digest: Digest
    package let place: ChunkPlace

    package init(digest: Digest, place: ChunkPlace) {
        self.digest = digest
        self.place = place
    }

    func encode(into writer: inout Writer) {
        writer.write(digest.words)
        writer.write(place.layer.rawValue, UInt64(place.offset))
        writer.write(UInt32(place.bytes))
        writer.write(place.checksum)
    }

    init(from reader: inout Reader) throws(WireError) {
        digest = Digest(words: try reader.words32())
        let layer = try reader.positive(LayerNumber.self)
        let (offset, bytes) = (try reader.uint64(), try reader.uint32())
        guard offset >= UInt64(LayerHeader.bytes), offset < 1 << 62 else {
            throw .valueOutOfRange(field: "offset", value: offset)
        }
        guard bytes > 0, bytes <= SnapshotChunks.chunkBytesMax else {
            throw .valueOutOfRange(field: "bytes", value: UInt64(bytes))
        }
        place = ChunkPlace(layer: layer, offset: Int(offset), bytes: Int(bytes), checksum: try reader.uint32())
    }
}
