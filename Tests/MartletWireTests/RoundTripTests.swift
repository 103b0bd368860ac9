// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import Testing

@Suite struct RoundTripTests {
    @Test(arguments: Kinds.all)
    func everyValueComesBack(_ kind: Kind) throws {
        for seed in 0..<100 as Range<UInt64> {
            var generator = Generator(seed: seed)
            #expect(try kind.roundTrips(&generator), "seed \(seed)")
        }
    }

    @Test(arguments: Kinds.all)
    func bytesComeBack(_ kind: Kind) throws {
        for seed in 0..<100 as Range<UInt64> {
            var generator = Generator(seed: seed)
            let bytes = kind.sample(&generator)
            #expect(try kind.recode(bytes) == bytes, "seed \(seed)")
        }
    }

    /// A count is held to this minimum: were it too large, good messages would be refused.
    @Test(arguments: Kinds.all)
    func noValueIsSmallerThanTheStatedMinimum(_ kind: Kind) {
        for seed in 0..<200 as Range<UInt64> {
            var generator = Generator(seed: seed)
            #expect(kind.sample(&generator).count >= kind.encodedBytesMin, "seed \(seed)")
        }
    }

    /// So memory stays within a small multiple of the input, whatever a count claims.
    @Test(arguments: Kinds.parts)
    func anElementTakesFewTimesItsLeastEncodingInMemory(_ kind: Kind) {
        #expect(kind.stride <= 16 * kind.encodedBytesMin)
    }

    @Test func aStopDataIsNoLongerThanItSays() {
        for seed in 0..<200 as Range<UInt64> {
            var generator = Generator(seed: seed)
            let stopData = StopData.sample(&generator)
            #expect(PeerMessage.stopData(stopData).encoded().count <= stopData.bytes, "seed \(seed)")
        }
        #expect(Sync.bytesMax + (1 << 20) <= Limits.peerFrameBytes.max)
    }

    @Test func aSliceOfABufferDecodesInPlace() throws {
        var generator = Generator(seed: 1)
        let message = PeerMessage.accept(.sample(&generator))
        let frame: Bytes = [1, 2, 3] + message.encoded() + [4]
        let span = unsafe frame.span.bytes.extracting(3..<frame.count - 1)
        #expect(try PeerMessage(decoding: span) == message)
        try unsafe frame.withUnsafeBytes { buffer in
            let slice = unsafe UnsafeRawBufferPointer(rebasing: buffer[3..<frame.count - 1])
            let decoded = try unsafe PeerMessage(decoding: slice)
            #expect(decoded == message)
        }
    }

    @Test func aWriterIsUsedAgainForTheNextMessage() throws {
        var generator = Generator(seed: 2)
        let first = PeerMessage.sync(.sample(&generator))
        let second = PeerMessage.stop(.sample(&generator))
        var writer = Writer()
        first.encode(into: &writer)
        writer.removeAll()
        second.encode(into: &writer)
        #expect(writer.count == second.encoded().count)
        #expect(writer.finish() == second.encoded())
    }

    @Test func sizeHintsAreEnoughWhereTheyAreCheap() {
        var generator = Generator(seed: 3)
        for _ in 0..<100 {
            let request = Request.sample(&generator)
            #expect(request.encoded().count == request.encodedSizeHint)
            let batch = Batch.sample(&generator)
            #expect(batch.encoded().count == batch.encodedSizeHint)
            let reply = Reply.sample(&generator)
            #expect(reply.encoded().count <= reply.encodedSizeHint)
            let bundle = RequestBundle.sample(&generator)
            #expect(bundle.encoded().count <= bundle.encodedSizeHint)
        }
    }
}
