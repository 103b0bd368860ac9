// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// What a frame holds.
enum FrameKind: UInt8 {
    case record = 1
    /// A record that an older segment holds, too; counts only where older segments are gone.
    case restated
    /// Nothing: it says what was durable before it.
    case seal
}

/// What ties frames to their segment. The salt is secret, so that no client can put into a request what would be taken for a
/// frame.
struct FrameStamp: Hashable, Sendable {
    let tag: UInt64
    let seed: UInt32

    init(identity: LogIdentity, segment: SegmentNumber, salt: UInt64) {
        var mixed = salt &+ segment.rawValue &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        tag = mixed ^ (mixed >> 31)
        seed = identity.checksum
    }
}

/// What stands before each payload.
struct FrameHeader: Hashable, Sendable {
    /// Its first byte is what a search for frames looks for.
    static let magic: UInt32 = 0xA7_4C_4F_47
    static let bytes = 4 + 4 + 4 + 3 * 8 + 4 + 4
    /// As the longest message whose content a record may take over.
    static let payloadBytesMax = Limits.peerFrameBytes.max

    let kind: FrameKind
    let number: FrameNumber
    /// Up to here everything was durable when this frame was written.
    let synced: FrameNumber
    let payloadBytes: Int
    let payloadChecksum: UInt32

    /// Of the whole frame.
    var frameBytes: Int { Self.bytes + payloadBytes }

    func encode(_ stamp: FrameStamp, into frames: inout Writer) {
        var writer = Writer(capacity: Self.bytes)
        writer.write(Self.magic)
        writer.write(UInt32(kind.rawValue) << 24)
        writer.write(UInt32(payloadBytes))
        writer.write(stamp.tag, number.rawValue, synced.rawValue)
        writer.write(payloadChecksum)
        let fields = writer.finish()
        frames.writeRaw(fields)
        frames.write(CRC32C.checksum(fields, seed: stamp.seed))
    }

    /// Nil where no header of this segment stands.
    init?(_ bytes: ArraySlice<UInt8>, _ stamp: FrameStamp) {
        precondition(bytes.count == Self.bytes)
        let span = unsafe bytes.span.bytes
        let checksum = CRC32C.checksum(span.extracting(0..<Self.bytes - 4), seed: stamp.seed)
        do {
            let header = try Reader.read(span) { (reader: inout Reader) throws(WireError) -> FrameHeader? in
                try Self.read(&reader, stamp.tag, checksum)
            }
            guard let header else { return nil }
            self = header
        } catch {
            // Of a length or kind that nobody writes: no header.
            return nil
        }
    }

    private static func read(
        _ reader: inout Reader, _ tag: UInt64, _ checksum: UInt32
    ) throws(WireError) -> FrameHeader? {
        let isMagic = try reader.uint32() == magic
        let kind = FrameKind(rawValue: try reader.uint8())
        let reserved = (try reader.uint8(), try reader.uint16())
        let payloadBytes = Int(try reader.uint32())
        let isTagged = try reader.uint64() == tag
        let number = try reader.positive(FrameNumber.self)
        let synced = try reader.number(FrameNumber.self)
        let payloadChecksum = try reader.uint32()
        let isIntact = try reader.uint32() == checksum
        guard let kind, isMagic, isTagged, isIntact, reserved == (0, 0), payloadBytes <= payloadBytesMax,
            synced < number
        else { return nil }
        return Self(
            kind: kind, number: number, synced: synced, payloadBytes: payloadBytes, payloadChecksum: payloadChecksum)
    }

    init(kind: FrameKind, number: FrameNumber, synced: FrameNumber, payloadBytes: Int, payloadChecksum: UInt32) {
        self.kind = kind
        self.number = number
        self.synced = synced
        self.payloadBytes = payloadBytes
        self.payloadChecksum = payloadChecksum
    }
}
