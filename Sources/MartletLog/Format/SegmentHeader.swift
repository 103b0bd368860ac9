// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// What a segment begins with; durable, with the frames of the head, before the file is called a segment.
struct SegmentHeader: Hashable, Sendable {
    static let magic: UInt64 = 0x4D41_5254_4C4F_470A  // "MARTLOG\n"
    static let version: UInt32 = 1
    /// With its checksum.
    static let bytes = 8 + 4 + 4 + 34 + 2 + 5 * 8 + 4
    /// Of any version.
    static let bytesMax = 4_096
    /// Magic, version and length: the same in every version, as is that the checksum comes last.
    static let commonBytes = 8 + 4 + 4

    let identity: LogIdentity
    let number: SegmentNumber
    /// The number of its first frame. What older segments hold from that number on does not count.
    let first: FrameNumber
    /// The last frame of the head; the one before `first` where there is none.
    let headLast: FrameNumber
    /// The oldest segment that is needed with this one.
    let oldest: SegmentNumber
    /// What nobody outside of this machine knows.
    let salt: UInt64

    var stamp: FrameStamp { FrameStamp(identity: identity, segment: number, salt: salt) }

    func encoded() -> Bytes {
        var writer = Writer(capacity: Self.bytes)
        writer.write(Self.magic)
        writer.write(Self.version)
        writer.write(UInt32(Self.bytes))
        writer.write(identity.group.words)
        writer.write(identity.replica)
        writer.write(UInt16(0))
        writer.write(number.rawValue, first.rawValue, headLast.rawValue)
        writer.write(oldest.rawValue, salt)
        writer.write(CRC32C.checksum(writer.bytes))
        return writer.finish()
    }
}

/// What is found where a segment's header should be.
enum HeaderReading {
    case header(SegmentHeader)
    case unknownVersion(UInt32)
    case invalid(LogFault)

    /// From a file's first bytes.
    init(_ bytes: Bytes, in number: SegmentNumber) {
        guard let length = Self.length(in: bytes) else {
            self = .invalid(bytes.allSatisfy { $0 == 0 } ? .nothing : .noHeader)
            return
        }
        let fields = Bytes(bytes[..<(length - 4)])
        guard let checksum = Self.integer(at: length - 4, in: bytes), CRC32C.checksum(fields) == checksum else {
            self = .invalid(.headerChecksum)
            return
        }
        let version = Self.integer(at: 8, in: bytes) ?? 0
        guard version == SegmentHeader.version else {
            self = .unknownVersion(version)
            return
        }
        do {
            let header = try Self.header(in: fields)
            self = header.number == number ? .header(header) : .invalid(.otherSegment(header.number))
        } catch {
            self = .invalid(.undecodable(error))
        }
    }

    /// Of the whole header; nil where there is none, or no such one.
    private static func length(in bytes: Bytes) -> Int? {
        guard bytes.count >= SegmentHeader.commonBytes + 4,
            integer(at: 0, in: bytes) == UInt32(SegmentHeader.magic >> 32),
            integer(at: 4, in: bytes) == UInt32(truncatingIfNeeded: SegmentHeader.magic),
            let length = integer(at: 12, in: bytes).map(Int.init),
            length >= SegmentHeader.commonBytes + 4, length <= bytes.count
        else { return nil }
        return length
    }

    private static func integer(at place: Int, in bytes: Bytes) -> UInt32? {
        guard place + 4 <= bytes.count else { return nil }
        return bytes[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func header(in fields: Bytes) throws(WireError) -> SegmentHeader {
        try unsafe Reader.read(fields.span.bytes) { (reader: inout Reader) throws(WireError) in
            _ = (try reader.uint64(), try reader.uint32(), try reader.uint32())
            let group = Digest(words: try reader.words32())
            let replica = try reader.number(ReplicaID.self)
            guard try reader.uint16() == 0 else { throw .notCanonical("what is reserved is not 0") }
            return SegmentHeader(
                identity: LogIdentity(group: group, replica: replica), number: try reader.number(SegmentNumber.self),
                first: try reader.positive(FrameNumber.self), headLast: try reader.number(FrameNumber.self),
                oldest: try reader.number(SegmentNumber.self), salt: try reader.uint64())
        }
    }
}
