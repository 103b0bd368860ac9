// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension CheckpointName: WireCodable {
    package static var encodedBytesMin: Int { 8 + 32 }

    package func encode(into writer: inout Writer) {
        writer.write(instance)
        writer.write(digest.words)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(instance: try reader.positive(Instance.self), digest: try Digest(from: &reader))
    }
}

extension CheckpointManifest: WireCodable {
    package static var encodedBytesMin: Int { 4 + 8 + 4 }
    package var encodedSizeHint: Int { Self.encodedBytesMin + 32 * digests.count }

    package func encode(into writer: inout Writer) {
        writer.writeCount(imageChunks)
        writer.write(UInt64(bytes))
        writer.writeList(digests)
    }

    package init(from reader: inout Reader) throws(WireError) {
        let imageChunks = Int(try reader.uint32())
        let bytes = try reader.uint64()
        let digests = try reader.list(of: Digest.self, Limits.chunks)
        guard imageChunks > 0, imageChunks <= digests.count else {
            throw .valueOutOfRange(field: "imageChunks", value: UInt64(imageChunks))
        }
        // No chunk is empty, and none is longer than allowed.
        guard bytes >= digests.count, bytes <= UInt64(digests.count) * UInt64(SnapshotChunks.chunkBytesMax) else {
            throw .valueOutOfRange(field: "manifestBytes", value: bytes)
        }
        self.init(imageChunks: imageChunks, bytes: Int(bytes), digests: digests)
    }
}

extension NamedManifest: WireCodable {
    package static var encodedBytesMin: Int { CheckpointName.encodedBytesMin + CheckpointManifest.encodedBytesMin }
    package var encodedSizeHint: Int { CheckpointName.encodedBytesMin + manifest.encodedSizeHint }

    package func encode(into writer: inout Writer) {
        checkpoint.encode(into: &writer)
        manifest.encode(into: &writer)
    }

    package init(from reader: inout Reader) throws(WireError) {
        self.init(checkpoint: try CheckpointName(from: &reader), manifest: try CheckpointManifest(from: &reader))
    }
}

extension FetchChunks: WireCodable {
    package static var encodedBytesMin: Int { CheckpointName.encodedBytesMin + 4 }
    package var encodedSizeHint: Int { Self.encodedBytesMin + 4 * positions.count }

    package func encode(into writer: inout Writer) {
        checkpoint.encode(into: &writer)
        writer.writeCount(positions.count)
        for position in positions { writer.write(position) }
    }

    package init(from reader: inout Reader) throws(WireError) {
        let checkpoint = try CheckpointName(from: &reader)
        let count = try reader.count(Limits.chunkPositions, elementBytesMin: 4)
        var positions: [UInt32] = []
        positions.reserveCapacity(count)
        for _ in 0..<count {
            let position = try reader.uint32()
            guard position < SnapshotChunks.countMax else {
                throw .valueOutOfRange(field: "position", value: UInt64(position))
            }
            if let last = positions.last, position <= last { throw .notCanonical("positions must strictly ascend") }
            positions.append(position)
        }
        self.init(checkpoint: checkpoint, positions: positions)
    }
}

extension CheckpointChunk: WireCodable {
    package static var encodedBytesMin: Int { CheckpointName.encodedBytesMin + 4 + 4 + 1 }
    package var encodedSizeHint: Int { Self.encodedBytesMin + bytes.count }

    package func encode(into writer: inout Writer) {
        checkpoint.encode(into: &writer)
        writer.write(position)
        writer.writeBytes(bytes)
    }

    package init(from reader: inout Reader) throws(WireError) {
        let checkpoint = try CheckpointName(from: &reader)
        let position = try reader.uint32()
        guard position < SnapshotChunks.countMax else {
            throw .valueOutOfRange(field: "position", value: UInt64(position))
        }
        let bytes = try reader.bytes(Limits.chunkBytes)
        guard !bytes.isEmpty else { throw .valueOutOfRange(field: "chunkBytes", value: 0) }
        self.init(checkpoint: checkpoint, position: position, bytes: bytes)
    }
}
