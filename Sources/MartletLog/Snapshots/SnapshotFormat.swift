// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// What every file of snapshots begins with: a magic number, the version of the format and the header's length; the header's
/// checksum comes last. The same in every version but the first.
enum SnapshotFormat {
    static let version: UInt32 = 2
    /// Magic, version, length.
    static let commonBytes = 8 + 4 + 4
    /// Of a header of any version.
    static let headerBytesMax = 4_096

    /// A whole header with these fields.
    static func header(_ magic: UInt64, bytes: Int, _ fields: (inout Writer) -> Void) -> Bytes {
        var writer = Writer(capacity: bytes)
        writer.write(magic)
        writer.write(version)
        writer.write(UInt32(bytes))
        fields(&writer)
        precondition(writer.count == bytes - 4)
        writer.write(CRC32C.checksum(writer.bytes))
        return writer.finish()
    }

    /// Reads the fields of a header of this version from a file's first bytes, or says why they are none.
    static func read<Header>(
        _ bytes: Bytes, _ magic: UInt64, headerBytes: Int,
        _ fields: (inout Reader) throws(WireError) -> Header
    ) throws(SnapshotFault) -> Header {
        guard bytes.count >= commonBytes, integer(at: 0, bytes) == UInt32(magic >> 32),
            integer(at: 4, bytes) == UInt32(truncatingIfNeeded: magic)
        else { throw .noHeader }
        // One of which a bit has flipped is damage, and no other format.
        if integer(at: 8, bytes) == 1, hasChecksum(bytes, firstHeaderBytes) { throw .unknownFormat(version: 1) }
        guard let length = integer(at: 12, bytes).map(Int.init), length <= headerBytesMax, length > commonBytes + 4,
            hasChecksum(bytes, length)
        else { throw bytes.count < headerBytes ? .noHeader : .headerChecksum }
        let found = integer(at: 8, bytes) ?? 0
        guard found == version else { throw .unknownFormat(version: found) }
        guard length == headerBytes else { throw .noHeader }
        let body = Bytes(bytes[commonBytes..<length - 4])
        do {
            return try unsafe Reader.read(body.span.bytes, fields)
        } catch {
            // Numbers that nobody writes.
            throw .noHeader
        }
    }

    /// Of snapshots of the first version, which had no length there.
    private static let firstHeaderBytes = 102

    private static func hasChecksum(_ bytes: Bytes, _ length: Int) -> Bool {
        guard length <= bytes.count else { return false }
        let checksum = unsafe CRC32C.checksum(bytes.span.bytes.extracting(0..<length - 4))
        return integer(at: length - 4, bytes) == checksum
    }

    private static func integer(at place: Int, _ bytes: Bytes) -> UInt32? {
        guard place + 4 <= bytes.count else { return nil }
        return bytes[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
