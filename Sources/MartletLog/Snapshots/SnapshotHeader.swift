// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// What a snapshot's manifest begins with; the list of its chunks follows.
struct SnapshotHeader: Hashable, Sendable {
    static let magic: UInt64 = 0x4D41_5254_534E_500A  // "MARTSNP\n"
    static let bytes = SnapshotFormat.commonBytes + 34 + 8 + 32 + 4 + 4 + 8 + 4 + 4

    let identity: LogIdentity
    let instance: Instance
    /// What checkpoint votes name.
    let digest: Digest
    /// So many chunks, the first ones, are the image's encoding.
    let imageChunks: Int
    let chunkCount: Int
    /// Of all chunks together.
    let stateBytes: Int
    /// Of the list.
    let listChecksum: UInt32

    /// Of the whole file.
    var fileBytes: Int { Self.bytes + chunkCount * StoredChunk.bytes }

    func encoded() -> Bytes {
        SnapshotFormat.header(Self.magic, bytes: Self.bytes) { writer in
            writer.write(identity.group.words)
            writer.write(identity.replica)
            writer.write(instance)
            writer.write(digest.words)
            writer.writeCount(imageChunks)
            writer.writeCount(chunkCount)
            writer.write(UInt64(stateBytes))
            writer.write(listChecksum)
        }
    }

    /// From a file's first bytes, or why they are no header.
    init(reading bytes: Bytes) throws(SnapshotFault) {
        self = try SnapshotFormat.read(bytes, Self.magic, headerBytes: Self.bytes) {
            (reader: inout Reader) throws(WireError) in
            let group = Digest(words: try reader.words32())
            return Self(
                identity: LogIdentity(group: group, replica: try reader.number(ReplicaID.self)),
                instance: try reader.positive(Instance.self), digest: Digest(words: try reader.words32()),
                imageChunks: Int(try reader.uint32()), chunkCount: Int(try reader.uint32()),
                stateBytes: Int(clamping: try reader.uint64()), listChecksum: try reader.uint32())
        }
        guard imageChunks > 0, imageChunks <= chunkCount, chunkCount <= SnapshotChunks.countMax else {
            throw .noHeader
        }
    }

    init(
        identity: LogIdentity, instance: Instance, digest: Digest, imageChunks: Int, chunkCount: Int, stateBytes: Int,
        listChecksum: UInt32
    ) {
        self.identity = identity
        self.instance = instance
        self.digest = digest
        self.imageChunks = imageChunks
        self.chunkCount = chunkCount
        self.stateBytes = stateBytes
        self.listChecksum = listChecksum
    }
}
