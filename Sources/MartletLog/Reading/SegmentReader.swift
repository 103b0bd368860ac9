// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// The frames of one segment, and the search for them where they are not what they should be.
struct SegmentReader {
    struct Frame {
        let header: FrameHeader
        /// Nil in a seal.
        let record: LogRecord?
        let offset: Int
        /// The record's own, without the header.
        let payloadBytes: Int
    }

    private(set) var window: FileWindow
    private let stamp: FrameStamp
    /// The highest durable frame that the headers from the first bad place on tell of; searched for once.
    private var toldLater: FrameNumber?

    init(_ name: String, _ stamp: FrameStamp, in files: inout (some FileStore & ~Copyable)) throws(FileError) {
        window = try FileWindow(name, in: &files)
        self.stamp = stamp
    }

    /// The frame that should stand there, or why it does not.
    mutating func frame(
        _ number: FrameNumber, at offset: Int, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> Result<Frame, LogFault> {
        guard let bytes = try window.slice(at: offset, count: FrameHeader.bytes, in: &files) else {
            return .failure(.nothing)
        }
        guard let header = FrameHeader(bytes, stamp) else {
            return .failure(bytes.allSatisfy { $0 == 0 } ? .nothing : .noFrame)
        }
        guard header.number == number else { return .failure(.otherFrame(header.number)) }
        return try content(of: header, at: offset, in: &files)
    }

    private mutating func content(
        of header: FrameHeader, at offset: Int, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> Result<Frame, LogFault> {
        let start = offset + FrameHeader.bytes
        guard let payload = try window.slice(at: start, count: header.payloadBytes, in: &files) else {
            return .failure(.cutOff)
        }
        let span = unsafe payload.span.bytes
        guard CRC32C.checksum(span) == header.payloadChecksum else { return .failure(.payloadChecksum) }
        do throws(WireError) {
            let record = header.kind == .seal ? nil : try LogRecord(decoding: span)
            return .success(Frame(header: header, record: record, offset: offset, payloadBytes: header.payloadBytes))
        } catch {
            return .failure(.undecodable(error))
        }
    }

    /// The first header from the offset on of a frame with at least this number.
    mutating func nextHeader(
        from offset: Int, atLeast number: FrameNumber, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> (offset: Int, header: FrameHeader)? {
        let first = UInt8(FrameHeader.magic >> 24)
        var place = offset
        while let found = try window.firstPlace(of: first, from: place, in: &files) {
            guard let bytes = try window.slice(at: found, count: FrameHeader.bytes, in: &files) else { return nil }
            if let header = FrameHeader(bytes, stamp), header.number >= number { return (found, header) }
            place = found + 1
        }
        return nil
    }

    /// Up to where later frames say that all was durable. Their headers suffice: who wrote them knew.
    mutating func toldDurable(
        after offset: Int, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> FrameNumber {
        if let toldLater { return toldLater }
        var told = FrameNumber.zero
        var place = offset
        while let (found, header) = try nextHeader(from: place, atLeast: .zero, in: &files) {
            told = max(told, header.synced)
            place = found + 1
        }
        toldLater = told
        return told
    }

    mutating func extent(from offset: Int, in files: inout (some FileStore & ~Copyable)) throws(FileError) -> Int {
        try window.extent(from: offset, in: &files)
    }
}
