// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// The frames that arrived together, in order, still lying in the buffer in which they arrived: handing them to another
/// thread costs one reference, however many they are. Never empty; no frame is empty.
package struct FrameBatch: Sendable {
    /// How many frames there are.
    package let count: Int
    /// Whole frames, each with its length before it, and nothing else.
    let buffer: ByteBuffer

    init(count: Int, buffer: ByteBuffer) {
        self.count = count
        self.buffer = buffer
    }

    /// The bytes of all frames with their lengths.
    package var byteCount: Int { buffer.readableBytes }

    /// Shows each frame's content in turn, without copying it.
    package func forEach<Failure: Error>(_ body: (RawSpan) throws(Failure) -> Void) throws(Failure) {
        let bytes = buffer.readableBytesSpan
        var offset = 0
        for _ in 0..<count {
            let end = offset + FrameParser.headerBytes + length(at: offset)
            try body(bytes.extracting((offset + FrameParser.headerBytes)..<end))
            offset = end
        }
    }

    /// Shows the first frame's content.
    func withFirst<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let end = FrameParser.headerBytes + length(at: 0)
        return try body(buffer.readableBytesSpan.extracting(FrameParser.headerBytes..<end))
    }

    /// Each frame's content as a slice, which keeps the whole batch in memory for as long as it lives.
    package var slices: [ByteBuffer] {
        var slices: [ByteBuffer] = []
        slices.reserveCapacity(count)
        var rest = buffer
        while let length = rest.readInteger(as: UInt32.self), let slice = rest.readSlice(length: Int(length)) {
            slices.append(slice)
        }
        return slices
    }

    private func length(at offset: Int) -> Int {
        guard let length = buffer.getInteger(at: buffer.readerIndex + offset, as: UInt32.self) else {
            preconditionFailure("the parser has seen every length of a batch")
        }
        return Int(length)
    }
}
