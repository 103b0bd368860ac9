// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// What a peer may not send.
package enum FrameError: Error, Hashable, CustomStringConvertible {
    /// A frame announced more bytes than this peer may send in one.
    case tooLong(byteCount: Int, byteCountMax: Int)
    /// A frame without content.
    case empty

    package var description: String {
        switch self {
        case .tooLong(let count, let max): "a frame of \(count) bytes, where \(max) are allowed"
        case .empty: "a frame without content"
        }
    }
}

/// Finds frames in a stream: four bytes of length, most significant first, then so many bytes of content. A length is
/// checked as soon as it has arrived, before anything of the content is kept; memory is taken for what arrived, never for
/// what was announced.
struct FrameParser {
    static let headerBytes = 4

    /// The longest content that is taken.
    var frameBytesMax: Int
    /// Stop after the next frame: what follows a handshake message is read under the limits that the handshake decides.
    var takesOneFrame: Bool
    private var buffer = ByteBuffer()
    /// Bytes of whole frames at the front of the buffer.
    private var wholeBytes = 0
    private var wholeCount = 0

    init(frameBytesMax: Int, takesOneFrame: Bool) {
        self.frameBytesMax = frameBytesMax
        self.takesOneFrame = takesOneFrame
    }

    /// What waits for the rest of its frame, and whole frames not taken yet.
    var bufferedBytes: Int { buffer.readableBytes }

    /// Copies, for the source is the security layer's own large buffer, which would be kept alive by a small slice.
    mutating func append(_ bytes: consuming ByteBuffer) {
        buffer.writeBuffer(&bytes)
    }

    /// The whole frames that have arrived, or nil when there is none yet.
    mutating func next() throws(FrameError) -> FrameBatch? {
        try scan()
        guard wholeCount > 0, let whole = buffer.readSlice(length: wholeBytes) else { return nil }
        defer {
            // The rest moves to a buffer of its own: the batch keeps the old one.
            buffer = buffer.readableBytes == 0 ? ByteBuffer() : ByteBuffer(buffer: buffer)
            wholeBytes = 0
            wholeCount = 0
        }
        return FrameBatch(count: wholeCount, buffer: whole)
    }

    private mutating func scan() throws(FrameError) {
        while !(takesOneFrame && wholeCount == 1) {
            let start = buffer.readerIndex + wholeBytes
            guard let announced = buffer.getInteger(at: start, as: UInt32.self) else { return }
            let length = Int(announced)
            guard length > 0 else { throw .empty }
            guard length <= frameBytesMax else { throw .tooLong(byteCount: length, byteCountMax: frameBytesMax) }
            let end = wholeBytes + Self.headerBytes + length
            guard end <= buffer.readableBytes else { return }
            wholeBytes = end
            wholeCount += 1
        }
    }
}
