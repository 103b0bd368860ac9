// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletKV

@Suite struct KVStateMachineTests {
    private let key = "k".bytes

    @Test func putGetDelete() throws {
        var machine = KVStateMachine()
        #expect(try machine.execute(.get(key: key), at: 1) == .value(nil))
        #expect(try machine.execute(.put(key: key, value: [1]), at: 1) == .done)
        #expect(try machine.execute(.put(key: key, value: []), at: 2) == .done)
        #expect(try machine.execute(.get(key: key), at: 2) == .value([]))
        #expect(try machine.execute(.delete(key: key), at: 3) == .deleted(existed: true))
        #expect(try machine.execute(.delete(key: key), at: 3) == .deleted(existed: false))
        #expect(machine.count == 0)
    }

    @Test func compareAndSwapTellsAbsentFromEmpty() throws {
        var machine = KVStateMachine()
        func swap(_ expected: Bytes?, _ replacement: Bytes?) throws -> KVResult {
            try machine.execute(.compareAndSwap(key: key, expected: expected, replacement: replacement), at: 1)
        }
        #expect(try swap([], [1]) == .mismatch(current: nil))
        #expect(try swap(nil, []) == .swapped)
        #expect(try swap(nil, [1]) == .mismatch(current: []))
        #expect(try swap([], [1]) == .swapped)
        #expect(try swap([2], nil) == .mismatch(current: [1]))
        #expect(try swap([1], nil) == .swapped)
        #expect(try swap(nil, nil) == .swapped)
        #expect(machine.count == 0)
    }

    @Test func incrementCountsFromZeroAndStopsAtTheEnds() throws {
        var machine = KVStateMachine()
        func add(_ delta: Int64) throws -> KVResult { try machine.execute(.increment(key: key, delta: delta), at: 1) }
        #expect(try add(-5) == .integer(-5))
        #expect(try machine.execute(.get(key: key), at: 1) == .value("-5".bytes))
        #expect(try add(5) == .integer(0))
        #expect(try add(.max) == .integer(.max))
        #expect(try add(1) == .refused(.overflow))
        #expect(try add(.min) == .integer(-1))
        #expect(try add(.min) == .refused(.overflow))
        #expect(try add(.min + 1) == .integer(.min))
        #expect(try add(-1) == .refused(.overflow))
        #expect(try machine.execute(.get(key: key), at: 1) == .value(String(Int64.min).bytes))
    }

    @Test(arguments: ["", " 1", "1 ", "+1", "01", "-0", "--1", "1.0", "0x1", "9223372036854775808", "١", "1\0"])
    func incrementTakesOneWayOfWritingAnInteger(text: String) throws {
        var machine = KVStateMachine()
        _ = try machine.execute(.put(key: key, value: text.bytes), at: 1)
        #expect(try machine.execute(.increment(key: key, delta: 0), at: 2) == .refused(.notAnInteger))
        #expect(try machine.execute(.get(key: key), at: 2) == .value(text.bytes))
    }

    @Test func bytesThatAreNoTextAreNoInteger() throws {
        var machine = KVStateMachine()
        _ = try machine.execute(.put(key: key, value: [0xFF, 0x31]), at: 1)
        #expect(try machine.execute(.increment(key: key, delta: 1), at: 2) == .refused(.notAnInteger))
    }

    @Test func keysAreOrderedAsUnsignedBytes() throws {
        var machine = KVStateMachine()
        let keys: [Bytes] = [
            [0], [0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 1], [1], [0x7F], [0x80], [0xFF], "12345678".bytes,
            "12345678\0".bytes, "123456780".bytes, "1234567".bytes, "123456789".bytes, "12345678\0\0".bytes,
        ]
        for key in keys.reversed() { _ = try machine.execute(.put(key: key, value: key), at: 1) }
        guard case .page(let page) = try machine.read(.scan(KVScan(limit: 100))).result else {
            Issue.record("no page")
            return
        }
        #expect(page.items.map(\.key) == keys.sorted { $0.lexicographicallyPrecedes($1) })
        #expect(page.items.allSatisfy { $0.key == $0.value })
    }

    @Test func limitsAreKeptToTheByte() throws {
        var machine = KVStateMachine()
        let longest = Bytes(repeating: 1, count: KVLimits.keyBytesMax)
        let largest = Bytes(repeating: 2, count: KVLimits.valueBytesMax)
        #expect(try machine.execute(.put(key: longest, value: largest), at: 1) == .done)
        #expect(try machine.execute(.get(key: longest), at: 1) == .value(largest))
        let cases: [(KVOperation, KVRefusal)] = [
            (.get(key: []), .keyLength), (.get(key: longest + [1]), .keyLength), (.delete(key: []), .keyLength),
            (.put(key: longest + [1], value: []), .keyLength), (.increment(key: [], delta: 1), .keyLength),
            (.put(key: [1], value: largest + [1]), .valueLength),
            (.compareAndSwap(key: [1], expected: largest + [1], replacement: nil), .valueLength),
            (.compareAndSwap(key: [1], expected: nil, replacement: largest + [1]), .valueLength),
            (.scan(KVScan(limit: 0)), .scanLimit), (.scan(KVScan(limit: 1001)), .scanLimit),
            (.scan(KVScan(from: longest + [1], limit: 1)), .keyLength),
            (.scan(KVScan(to: longest + [1], limit: 1)), .keyLength),
            (.batch(Array(repeating: .get(key: [1]), count: 1025)), .batchLength),
            (.batch([.batch([])]), .nestedBatch),
        ]
        for (operation, refusal) in cases {
            #expect(operation.violation == refusal)
            #expect(try machine.execute(operation, at: 2) == .refused(refusal))
        }
        #expect(machine.count == 1)
    }

    @Test func aFullStateRefusesToGrowButLetsShrink() throws {
        var machine = KVStateMachine(stateBytesMax: KVSnapshot.headerBytes + 2 * (17 + 10))
        #expect(try machine.execute(.put(key: [1], value: Bytes(repeating: 0, count: 10)), at: 1) == .done)
        #expect(try machine.execute(.put(key: [2], value: Bytes(repeating: 0, count: 11)), at: 1) == .refused(.full))
        #expect(try machine.execute(.put(key: [2], value: Bytes(repeating: 0, count: 10)), at: 1) == .done)
        #expect(machine.chunks.joined().count == KVSnapshot.headerBytes + 2 * 27)
        #expect(try machine.execute(.put(key: [1], value: Bytes(repeating: 1, count: 10)), at: 2) == .done)
        #expect(try machine.execute(.put(key: [1], value: Bytes(repeating: 1, count: 11)), at: 2) == .refused(.full))
        #expect(try machine.execute(.increment(key: [3], delta: 1), at: 2) == .refused(.full))
        try machine.restore(chunks: machine.chunks)
        #expect(try machine.execute(.put(key: [3], value: []), at: 3) == .refused(.full))
        #expect(try machine.execute(.delete(key: [1]), at: 3) == .deleted(existed: true))
        #expect(try machine.execute(.put(key: [3], value: []), at: 3) == .done)
    }
}
