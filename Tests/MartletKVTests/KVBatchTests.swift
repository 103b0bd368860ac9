// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletKV

@Suite struct KVBatchTests {
    private let a = "a".bytes
    private let b = "b".bytes

    @Test func eachOperationSeesTheEarlierOnes() throws {
        var machine = KVStateMachine()
        let result = try machine.execute(
            .batch([
                .put(key: a, value: "1".bytes), .increment(key: a, delta: 2), .get(key: a),
                .compareAndSwap(key: a, expected: "3".bytes, replacement: nil), .delete(key: a),
                .scan(KVScan(limit: 5)), .put(key: b, value: []),
            ]), at: 4)
        #expect(
            result
                == .batch([
                    .done, .integer(3), .value("3".bytes), .swapped, .deleted(existed: false),
                    .page(KVPage(items: [], next: nil)), .done,
                ]))
        #expect(try machine.read(.get(key: b)) == (.value([]), 4))
        #expect(try machine.execute(.batch([]), at: 5) == .batch([]))
    }

    @Test func theFirstFailureUndoesEverythingAndIsNamed() throws {
        var machine = KVStateMachine()
        _ = try machine.execute(.put(key: a, value: "text".bytes), at: 1)
        let before = machine.chunks
        let cases: [(KVOperation, KVFailure)] = [
            (.compareAndSwap(key: a, expected: nil, replacement: []), .mismatch(current: "new".bytes)),
            (.compareAndSwap(key: b, expected: [1], replacement: []), .mismatch(current: nil)),
            (.increment(key: a, delta: 1), .refused(.notAnInteger)), (.get(key: []), .refused(.keyLength)),
            (.scan(KVScan(limit: 0)), .refused(.scanLimit)),
        ]
        for (failing, reason) in cases {
            let batch = KVOperation.batch([
                .put(key: a, value: "new".bytes), .delete(key: b), failing,
                .compareAndSwap(key: a, expected: nil, replacement: nil),
            ])
            #expect(try machine.execute(batch, at: 2) == .batchRefused(place: 2, reason: reason))
            #expect(machine.chunks == before)
        }
    }

    @Test func resultsAreBoundedTogether() throws {
        var machine = KVStateMachine()
        _ = try machine.execute(.put(key: a, value: Bytes(repeating: 1, count: KVLimits.valueBytesMax / 2)), at: 1)
        let before = machine.chunks
        let reads = Array(repeating: KVOperation.get(key: a), count: 3)
        let refused = try machine.execute(.batch([.put(key: b, value: [])] + reads), at: 2)
        #expect(refused == .batchRefused(place: 3, reason: .refused(.resultLength)))
        #expect(machine.chunks == before)
        let payload = machine.execute(KVOperation.batch(Array(reads.prefix(2))).payload, in: context(3))
        #expect(payload.count <= KVLimits.resultBytesMax)
        guard case .batch(let results) = try KVResult(payload: payload) else { throw KVError.unexpectedResult }
        #expect(results.count == 2)
    }

    @Test func theLargestBatchFits() throws {
        var machine = KVStateMachine()
        let puts = (0..<KVLimits.batchOperationsMax).map { KVOperation.put(key: "\($0)".bytes, value: []) }
        #expect(try machine.execute(.batch(puts), at: 1) == .batch(puts.map { _ in .done }))
        #expect(machine.count == 1024)
    }
}
