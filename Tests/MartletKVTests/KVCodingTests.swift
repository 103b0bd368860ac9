// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import Testing

@testable import MartletKV

@Suite struct KVCodingTests {
    static let operations: [KVOperation] = [
        .get(key: [1]), .put(key: [1, 2], value: []), .delete(key: [3]),
        .compareAndSwap(key: [4], expected: nil, replacement: [5]),
        .compareAndSwap(key: [4], expected: [6, 7], replacement: nil), .increment(key: [8], delta: -2),
        .scan(KVScan(limit: 10)), .scan(KVScan(from: [1], to: [2], limit: 1000)), .batch([]),
        .batch([.put(key: [1], value: [2]), .get(key: [1]), .scan(KVScan(limit: 1))]),
    ]

    static let results: [KVResult] =
        [
            .value(nil), .value([]), .value([1, 2]), .done, .deleted(existed: true), .deleted(existed: false), .swapped,
            .mismatch(current: nil), .mismatch(current: [9]), .integer(.min), .integer(-1),
            .page(KVPage(items: [], next: nil)), .page(KVPage(items: [.init(key: [1], value: [])], next: [2])),
            .batch([]), .batch([.done, .value([1]), .page(KVPage(items: [], next: [1]))]),
            .batchRefused(place: 3, reason: .mismatch(current: [1])),
            .batchRefused(place: 0, reason: .mismatch(current: nil)),
            .batchRefused(place: 1023, reason: .refused(.overflow)),
        ] + KVRefusal.allCases.map(KVResult.refused)

    @Test(arguments: operations)
    func anOperationIsReadAsItWasWrittenAndNothingShorter(operation: KVOperation) throws {
        let payload = operation.payload
        #expect(try KVOperation(payload: payload) == operation)
        for count in 0..<payload.count {
            #expect(throws: KVRefusal.malformed) { try KVOperation(payload: Bytes(payload[..<count])) }
        }
        #expect(throws: KVRefusal.malformed) { try KVOperation(payload: payload + [0]) }
    }

    @Test(arguments: results)
    func aResultIsReadAsItWasWrittenAndNothingShorter(result: KVResult) throws {
        let payload = result.payload
        #expect(payload.count == 1 + result.encodedSizeHint)
        #expect(try KVResult(payload: payload) == result)
        for count in 0..<payload.count {
            #expect(throws: KVError.unexpectedResult) { try KVResult(payload: Bytes(payload[..<count])) }
        }
        #expect(throws: KVError.unexpectedResult) { try KVResult(payload: payload + [0]) }
    }

    /// Stored operations and other programs depend on these bytes.
    @Test func theBytesAreFrozen() {
        #expect(KVOperation.get(key: [0xAB]).payload == [1, 1, 0, 0, 0, 1, 0xAB])
        #expect(KVOperation.put(key: [1], value: [2, 3]).payload == [1, 2, 0, 0, 0, 1, 1, 0, 0, 0, 2, 2, 3])
        #expect(
            KVOperation.batch([
                .delete(key: [1]), .compareAndSwap(key: [2], expected: nil, replacement: [3]),
                .increment(key: [4], delta: -1), .scan(KVScan(from: [], to: [5], limit: 6)),
            ]).payload
                == [1, 7, 0, 0, 0, 4] + [3, 0, 0, 0, 1, 1] + [4, 0, 0, 0, 1, 2, 0, 1, 0, 0, 0, 1, 3]
                + [5, 0, 0, 0, 1, 4, 255, 255, 255, 255, 255, 255, 255, 255]
                + [6, 0, 0, 0, 0, 1, 0, 0, 0, 1, 5, 0, 0, 0, 6])
        #expect(KVResult.value([7]).payload == [1, 1, 1, 0, 0, 0, 1, 7])
        #expect(KVResult.refused(.full).payload == [1, 10, 10])
    }

    @Test(arguments: 1...4)
    func damagedBytesGiveAnErrorOrTheOneEncodingOfSomethingElse(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var understood = 0
        for _ in 0..<4_000 {
            var bytes = randomOperation(&generator).payload
            for _ in 0...Int.random(in: 0...2, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...9, using: &generator)
            }
            do {
                let operation = try KVOperation(payload: bytes)
                #expect(operation.payload == bytes)
                understood += 1
            } catch {
                #expect([.malformed, .nestedBatch, .batchLength].contains(error))
            }
        }
        #expect(understood > 100)
    }

    @Test func aBatchInABatchIsRefusedHoweverDeep() throws {
        #expect(throws: KVRefusal.nestedBatch) { try KVOperation(payload: KVOperation.batch([.batch([])]).payload) }
        let deep: Bytes = [1] + Array(repeating: [7, 0, 0, 0, 1] as Bytes, count: 200_000).joined()
        #expect(throws: KVRefusal.nestedBatch) { try KVOperation(payload: deep) }
        let deepResult: Bytes = [1] + Array(repeating: [8, 0, 0, 0, 1] as Bytes, count: 200_000).joined()
        #expect(throws: KVError.unexpectedResult) { try KVResult(payload: deepResult) }
    }

    @Test func aPromisedCountReservesNothing() {
        #expect(throws: KVRefusal.batchLength) { try KVOperation(payload: [1, 7, 255, 255, 255, 255]) }
        #expect(throws: KVRefusal.malformed) { try KVOperation(payload: [1, 7, 0, 0, 4, 0]) }
        #expect(throws: KVRefusal.malformed) { try KVOperation(payload: [1, 1, 255, 255, 255, 255]) }
        #expect(throws: KVError.unexpectedResult) { try KVResult(payload: [1, 7, 0, 0, 3, 232, 0]) }
    }
}
