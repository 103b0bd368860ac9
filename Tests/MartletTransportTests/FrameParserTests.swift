// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import NIOCore
import Testing

@testable import MartletTransport

@Suite struct FrameParserTests {
    private func encoded(_ frames: [Bytes]) -> Bytes {
        frames.flatMap { frame in
            var buffer = ByteBuffer(integer: UInt32(frame.count))
            buffer.writeBytes(frame)
            return Bytes(buffer: buffer)
        }
    }

    @Test("frames cut at every two places arrive whole and in order")
    func everySplit() throws {
        let frames = patternedFrames([1, 5, 2, 9, 4])
        let stream = encoded(frames)
        for first in 0...stream.count {
            for second in first...stream.count {
                var parser = FrameParser(frameBytesMax: 9, takesOneFrame: false)
                var found: [Bytes] = []
                for piece in [stream[..<first], stream[first..<second], stream[second...]] {
                    parser.append(ByteBuffer(bytes: piece))
                    if let batch = try parser.next() { found += bytes(of: batch) }
                }
                #expect(found == frames)
                #expect(parser.bufferedBytes == 0)
            }
        }
    }

    @Test("whole frames are one batch, the rest waits")
    func batch() throws {
        var parser = FrameParser(frameBytesMax: 100, takesOneFrame: false)
        parser.append(ByteBuffer(bytes: encoded([[1], [2, 2]]) + [0, 0, 0, 3, 7]))
        let batch = try #require(try parser.next())
        #expect(batch.count == 2)
        #expect(batch.slices.map { Bytes(buffer: $0) } == [[1], [2, 2]])
        #expect(try parser.next() == nil)
        parser.append(ByteBuffer(bytes: [8, 9]))
        #expect(bytes(of: try #require(try parser.next())) == [[7, 8, 9]])
    }

    @Test("one frame only during the handshake, and the limit may grow after it")
    func oneFrame() throws {
        var parser = FrameParser(frameBytesMax: 2, takesOneFrame: true)
        parser.append(ByteBuffer(bytes: encoded([[1, 2], [1, 2, 3]])))
        #expect(bytes(of: try #require(try parser.next())) == [[1, 2]])
        parser.takesOneFrame = false
        parser.frameBytesMax = 3
        #expect(bytes(of: try #require(try parser.next())) == [[1, 2, 3]])
    }

    @Test("an over-long or empty frame is an error as soon as its length is there, after good frames too")
    func badLength() throws {
        for (length, error) in [
            (UInt32(11), FrameError.tooLong(byteCount: 11, byteCountMax: 10)),
            (.max, .tooLong(byteCount: Int(UInt32.max), byteCountMax: 10)), (0, .empty),
        ] {
            var parser = FrameParser(frameBytesMax: 10, takesOneFrame: false)
            parser.append(ByteBuffer(integer: length))
            #expect(throws: error) { _ = try parser.next() }
            parser = FrameParser(frameBytesMax: 10, takesOneFrame: false)
            parser.append(ByteBuffer(bytes: encoded([[1]]) + Bytes(buffer: ByteBuffer(integer: length))))
            #expect(throws: error) { _ = try parser.next() }
        }
    }

    @Test("a length that is announced takes no memory")
    func announced() throws {
        var parser = FrameParser(frameBytesMax: 1 << 30, takesOneFrame: false)
        parser.append(ByteBuffer(integer: UInt32(1 << 30)))
        #expect(try parser.next() == nil)
        #expect(parser.bufferedBytes == 4)
    }
}
