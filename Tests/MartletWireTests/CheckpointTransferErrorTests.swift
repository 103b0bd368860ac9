// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import Testing

@Suite("What a liar may write of checkpoints, and no more memory than it sends")
struct CheckpointTransferErrorTests {
    private let name = CheckpointName(instance: Instance(8), digest: Digest(words: Words32(1, 2, 3, 4)))

    private func error(_ write: (inout Writer) -> Void, tag: UInt8) -> WireError? {
        var writer = Writer()
        writer.write(WireFormat.version, tag)
        name.encode(into: &writer)
        write(&writer)
        do {
            _ = try PeerMessage(decoding: writer.finish())
            return nil
        } catch {
            return error
        }
    }

    private func manifest(image: UInt32, bytes: UInt64, count: UInt32, digests: Int) -> WireError? {
        error(
            { writer in
                writer.write(image)
                writer.write(bytes)
                writer.write(count)
                for _ in 0..<digests { name.digest.encode(into: &writer) }
            }, tag: 29)
    }

    @Test("A manifest of a few bytes reserves nothing for the million digests that it promises")
    func manifests() {
        #expect(manifest(image: 1, bytes: 2, count: 2, digests: 2) == nil)
        #expect(
            manifest(image: 1, bytes: 1 << 20, count: 1 << 20, digests: 2)
                == .overlong(count: 1 << 20, bytesRemaining: 64))
        #expect(
            manifest(image: 1, bytes: 1 << 20, count: (1 << 20) + 1, digests: 2)
                == .limitExceeded(name: "chunks", value: (1 << 20) + 1, max: 1 << 20))
        #expect(manifest(image: 0, bytes: 2, count: 2, digests: 2) == .valueOutOfRange(field: "imageChunks", value: 0))
        #expect(manifest(image: 3, bytes: 2, count: 2, digests: 2) == .valueOutOfRange(field: "imageChunks", value: 3))
        #expect(manifest(image: 1, bytes: 0, count: 0, digests: 0) == .valueOutOfRange(field: "imageChunks", value: 1))
        for bytes in [0, 1, (32 << 20) + 1, .max] as [UInt64] {
            #expect(
                manifest(image: 1, bytes: bytes, count: 2, digests: 2)
                    == .valueOutOfRange(field: "manifestBytes", value: bytes))
        }
    }

    private func fetch(_ positions: [UInt32]) -> WireError? {
        error(
            { writer in
                writer.writeCount(positions.count)
                for position in positions { writer.write(position) }
            }, tag: 30)
    }

    @Test("Places are few, ascend, and lie within any checkpoint")
    func positions() {
        #expect(fetch([0, 1, (1 << 20) - 1]) == nil)
        #expect(fetch([]) == nil)
        #expect(fetch(Array(0..<513)) == .limitExceeded(name: "chunkPositions", value: 513, max: 512))
        #expect(fetch([1, 1]) == .notCanonical("positions must strictly ascend"))
        #expect(fetch([2, 1]) == .notCanonical("positions must strictly ascend"))
        #expect(fetch([1 << 20]) == .valueOutOfRange(field: "position", value: 1 << 20))
    }

    @Test("A chunk is neither empty nor longer than allowed, and lies within any checkpoint")
    func chunks() {
        func chunk(_ position: UInt32, count: UInt32, _ bytes: Bytes) -> WireError? {
            error(
                { writer in
                    writer.write(position)
                    writer.write(count)
                    writer.writeRaw(bytes)
                }, tag: 31)
        }
        #expect(chunk(0, count: 1, [7]) == nil)
        #expect(chunk(0, count: 0, []) == .valueOutOfRange(field: "chunkBytes", value: 0))
        #expect(chunk(1 << 20, count: 1, [7]) == .valueOutOfRange(field: "position", value: 1 << 20))
        #expect(
            chunk(0, count: (16 << 20) + 1, [7])
                == .limitExceeded(name: "chunkBytes", value: (16 << 20) + 1, max: 16 << 20))
    }
}
