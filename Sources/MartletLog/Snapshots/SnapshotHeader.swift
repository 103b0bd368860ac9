// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// What a file with a snapshot begins with.
struct SnapshotHeader: Hashable {
    static let magic: UInt64 = 0x4D41_5254_534E_500A  // "MARTSNP\n"
    static let version: UInt32 = 1
    static let bytes = 8 + 4 + 34 + 8 + 32 + 8 + 4 + 4

    let identity: LogIdentity
    let instance: Instance
    let digest: Digest
    /// Of the state, which follows.
    let stateBytes: Int
    let stateChecksum: UInt32

    func encoded() -> Bytes {
        var writer = Writer(capacity: Self.bytes)
        writer.write(Self.magic)
        writer.write(Self.version)
        writer.write(identity.group.words)
        writer.write(identity.replica)
        writer.write(instance)
        writer.write(digest.words)
        writer.write(UInt64(stateBytes))
        writer.write(stateChecksum)
        writer.write(CRC32C.checksum(writer.bytes))
        return writer.finish()
    }

    /// Nil for what is no header, or a damaged one, or one of another version.
    init?(_ bytes: Bytes) {
        guard bytes.count == Self.bytes else { return nil }
        do {
            self = try unsafe Reader.read(bytes.span.bytes) { (reader: inout Reader) throws(WireError) in
                guard try reader.uint64() == Self.magic, try reader.uint32() == Self.version else {
                    throw .valueOutOfRange(field: "magic of a snapshot", value: 0)
                }
                let group = Digest(words: try reader.words32())
                let header = SnapshotHeader(
                    identity: LogIdentity(group: group, replica: try reader.number(ReplicaID.self)),
                    instance: try reader.positive(Instance.self), digest: Digest(words: try reader.words32()),
                    stateBytes: Int(clamping: try reader.uint64()), stateChecksum: try reader.uint32())
                guard try reader.uint32() == CRC32C.checksum(Bytes(bytes[..<(Self.bytes - 4)])) else {
                    throw .valueOutOfRange(field: "checksum of a snapshot's header", value: 0)
                }
                return header
            }
        } catch {
            return nil
        }
    }

    init(identity: LogIdentity, instance: Instance, digest: Digest, stateBytes: Int, stateChecksum: UInt32) {
        self.identity = identity
        self.instance = instance
        self.digest = digest
        self.stateBytes = stateBytes
        self.stateChecksum = stateChecksum
    }
}
