// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// Bytes of frames in a row, as one write takes them.
struct FrameBuffer: ~Copyable {
    private let stamp: FrameStamp
    private var writer: Writer
    /// The number of the last frame.
    private(set) var last: FrameNumber

    /// - Parameter last: the frame before the first one.
    init(_ stamp: FrameStamp, after last: FrameNumber, capacity: Int) {
        self.stamp = stamp
        self.last = last
        writer = Writer(capacity: capacity + FrameHeader.bytes)
    }

    /// A segment's header and its head.
    init(_ header: SegmentHeader, capacity: Int) {
        self.init(header.stamp, after: header.first.previous, capacity: SegmentHeader.bytes + capacity)
        writer.writeRaw(header.encoded())
    }

    /// In bytes.
    var count: Int { writer.count }

    mutating func append(_ record: LogRecord, as kind: FrameKind = .record, synced: FrameNumber) {
        append(record.encoded(), kind, synced)
    }

    mutating func appendSeal(synced: FrameNumber) { append([], .seal, synced) }

    private mutating func append(_ payload: Bytes, _ kind: FrameKind, _ synced: FrameNumber) {
        precondition(payload.count <= FrameHeader.payloadBytesMax, "a record of \(payload.count) bytes")
        last = last.next
        precondition(synced < last)
        let header = FrameHeader(
            kind: kind, number: last, synced: synced, payloadBytes: payload.count,
            payloadChecksum: CRC32C.checksum(payload))
        writer.reserve(header.frameBytes)
        header.encode(stamp, into: &writer)
        writer.writeRaw(payload)
    }

    /// The frames and zeros behind them: as long as a header at least, so that in a segment that was used before the end
    /// can be told from a frame that was torn.
    consuming func finish(zeros: Int) -> Bytes {
        precondition(zeros >= FrameHeader.bytes)
        var bytes = writer.finish()
        bytes.append(contentsOf: repeatElement(0, count: zeros))
        return bytes
    }
}
