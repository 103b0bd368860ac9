// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// What a file with a snapshot begins with.
struct SnapshotHeader: Hashable, Sendable {
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
        do {
            try self.init(reading: bytes)
        } catch {
            return nil
        }
    }

    /// From a file's first bytes, or why they are no header.
    init(reading bytes: Bytes) throws(SnapshotFault) {
        let fields = Bytes(bytes.prefix(Self.bytes))
        var version = Self.version
        do {
            self = try unsafe Reader.read(fields.span.bytes) { (reader: inout Reader) throws(WireError) in
                guard try reader.uint64() == Self.magic else {
                    throw .valueOutOfRange(field: "magic of a snapshot", value: 0)
                }
                version = try reader.uint32()
                return try Self.read(&reader)
            }
        } catch {
            // Too short, another file, or numbers that nobody writes.
            throw version == Self.version ? .noHeader : .unknownFormat(version: version)
        }
        let isIntact = Self.isIntact(fields)
        guard version == Self.version else { throw isIntact ? .headerChecksum : .unknownFormat(version: version) }
        guard isIntact else { throw .headerChecksum }
    }

    private static func read(_ reader: inout Reader) throws(WireError) -> Self {
        let group = Digest(words: try reader.words32())
        let header = Self(
            identity: LogIdentity(group: group, replica: try reader.number(ReplicaID.self)),
            instance: try reader.positive(Instance.self), digest: Digest(words: try reader.words32()),
            stateBytes: Int(clamping: try reader.uint64()), stateChecksum: try reader.uint32())
        _ = try reader.uint32()
        return header
    }

    /// With the version that is known, whatever stands there: one of which a bit has flipped is damage, and no newer format.
    private static func isIntact(_ fields: Bytes) -> Bool {
        var writer = Writer(capacity: bytes)
        writer.writeRaw(Bytes(fields[..<8]))
        writer.write(version)
        writer.writeRaw(Bytes(fields[12..<bytes - 4]))
        writer.write(CRC32C.checksum(writer.bytes))
        return writer.finish()[(bytes - 4)...] == fields[(bytes - 4)...]
    }

    init(identity: LogIdentity, instance: Instance, digest: Digest, stateBytes: Int, stateChecksum: UInt32) {
        self.identity = identity
        self.instance = instance
        self.digest = digest
        self.stateBytes = stateBytes
        self.stateChecksum = stateChecksum
    }
}
