// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import NIOCore

@testable import MartletTransport

/// Frames in a stream, cut anywhere. The first byte says how: so many bytes arrive at once, and whether as a handshake.
extension FuzzTargets {
    private static let frameBytesMax = 40

    static let frames = FuzzTarget(
        name: "frames", about: "the finder of frames in a stream, and the greeting in the first", bytesMax: 1024,
        modules: ["MartletTransport/Frames"],
        seeds: .vectors(["hello"], prefix: [0x83, 0, 0, 0, 48])
            + .made([[5, 0, 0, 0, 2, 7, 8, 0, 0, 0, 1, 9], [0x7F, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0]])
    ) { bytes in
        guard let first = unsafe bytes.first else { return }
        let stream = unsafe Bytes(bytes.dropFirst())
        if first & 0x80 == 0 {
            let parser = FrameParser(frameBytesMax: frameBytesMax, takesOneFrame: false)
            let found = parse(stream, step: Int(first) + 1, parser).flatMap(\.slices).map { Bytes(buffer: $0) }
            let (expected, isSound) = frames(in: stream)
            // What stands before a wrong frame and arrived with it is dropped with the connection.
            hold(isSound ? found == expected : expected.starts(with: found), "other frames")
        } else {
            let parser = FrameParser(frameBytesMax: Greeting.frameBytesMax, takesOneFrame: true)
            for batch in parse(stream, step: Int(first & 0x7F) + 1, parser).prefix(1) { greet(batch) }
        }
    }

    private static func parse(_ stream: Bytes, step: Int, _ parser: FrameParser) -> [FrameBatch] {
        var parser = parser
        var batches: [FrameBatch] = []
        for start in stride(from: 0, to: stream.count, by: step) {
            parser.append(ByteBuffer(bytes: stream[start..<min(start + step, stream.count)]))
            do throws(FrameError) {
                while let batch = try parser.next() { batches.append(batch) }
            } catch {
                return batches
            }
            hold(parser.bufferedBytes <= parser.frameBytesMax + FrameParser.headerBytes + step)
        }
        return batches
    }

    /// What a reader finds that has all bytes at once, up to the first wrong length.
    private static func frames(in stream: Bytes) -> (found: [Bytes], isSound: Bool) {
        var rest = stream[...]
        var found: [Bytes] = []
        while rest.count >= 4 {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            guard length > 0, length <= frameBytesMax else { return (found, false) }
            guard rest.count >= 4 + length else { break }
            found.append(Bytes(rest.dropFirst(4).prefix(length)))
            rest = rest.dropFirst(4 + length)
        }
        return (found, true)
    }

    private static func greet(_ batch: FrameBatch) {
        for claimsKey in [false, true] {
            do throws(WireError) {
                let greeting = try Greeting(batch, claimsKey: claimsKey)
                hold(greeting.frame == batch.slices.first.map { Bytes(buffer: $0) }, "two greetings")
            } catch {}
        }
        do throws(WireError) { _ = try HelloAnswer(batch) } catch {}
    }
}
