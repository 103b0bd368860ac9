// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import MartletWire

/// A snapshot's manifest on the disk: what it is of, and where each of its chunks lies.
package struct StoredSnapshot: Hashable, Sendable {
    package let identity: LogIdentity
    package let instance: Instance
    package let digest: Digest
    package let imageChunks: Int
    /// In order.
    package let chunks: [StoredChunk]

    package init(
        identity: LogIdentity, instance: Instance, digest: Digest, imageChunks: Int, chunks: [StoredChunk]
    ) {
        self.identity = identity
        self.instance = instance
        self.digest = digest
        self.imageChunks = imageChunks
        self.chunks = chunks
    }

    /// Of the state.
    package var bytes: Int { chunks.reduce(0) { $0 + $1.place.bytes } }

    package var manifest: CheckpointManifest {
        CheckpointManifest(imageChunks: imageChunks, bytes: bytes, digests: chunks.map(\.digest))
    }

    func encoded() -> Bytes {
        var list = Writer(capacity: chunks.count * StoredChunk.bytes)
        for chunk in chunks { chunk.encode(into: &list) }
        let encoded = list.finish()
        let header = SnapshotHeader(
            identity: identity, instance: instance, digest: digest, imageChunks: imageChunks, chunkCount: chunks.count,
            stateBytes: bytes, listChecksum: CRC32C.checksum(encoded))
        return header.encoded() + encoded
    }

    /// From a whole file, or why it is no manifest.
    init(reading bytes: Bytes) throws(SnapshotFault) {
        let header = try SnapshotHeader(reading: bytes)
        let found = bytes.count - SnapshotHeader.bytes
        let expected = header.chunkCount * StoredChunk.bytes
        guard found == expected else { throw .size(found: found, expected: expected) }
        let list = unsafe bytes.span.bytes.extracting(SnapshotHeader.bytes..<bytes.count)
        guard CRC32C.checksum(list) == header.listChecksum else { throw .listChecksum }
        do {
            chunks = try Reader.read(list) { (reader: inout Reader) throws(WireError) in
                var chunks: [StoredChunk] = []
                chunks.reserveCapacity(header.chunkCount)
                for _ in 0..<header.chunkCount { chunks.append(try StoredChunk(from: &reader)) }
                return chunks
            }
        } catch {
            throw .undecodable(error)
        }
        (identity, instance, digest) = (header.identity, header.instance, header.digest)
        imageChunks = header.imageChunks
    }
}
