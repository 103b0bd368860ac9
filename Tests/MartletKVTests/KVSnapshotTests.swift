// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletKV

@Suite struct KVSnapshotTests {
    private func sample() throws -> KVStateMachine {
        var machine = KVStateMachine()
        _ = try machine.execute(.put(key: [1], value: [10]), at: 1)
        _ = try machine.execute(.put(key: [2, 3], value: []), at: 2)
        _ = try machine.execute(.put(key: [4], value: [5]), at: 3)
        _ = try machine.execute(.delete(key: [4]), at: 4)
        return machine
    }

    @Test func theBytesAreFrozen() throws {
        #expect(KVStateMachine().encoded == [1] + [0, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0, 0])
        #expect(
            try sample().encoded == [1] + [0, 0, 0, 0, 0, 0, 0, 4] + [0, 0, 0, 2]
                + [0, 0, 0, 1, 1] + [0, 0, 0, 1, 10] + [0, 0, 0, 0, 0, 0, 0, 1]
                + [0, 0, 0, 2, 2, 3] + [0, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 2])
    }

    @Test func aSnapshotStaysWhileExecutionGoesOn() throws {
        var machine = try sample()
        let snapshot = machine.snapshot()
        let encoded = machine.encoded
        for key in 0..<200 as Range<UInt8> { _ = try machine.execute(.put(key: [key], value: [key]), at: 9) }
        #expect(KVStateMachine.encode(snapshot) == encoded)
        #expect(machine.encoded != encoded)
    }

    @Test func encodingRunsBesideExecution() async throws {
        var machine = KVStateMachine()
        for key in 0..<2_000 { _ = try machine.execute(.put(key: "\(key)".bytes, value: [1]), at: 1) }
        let expected = machine.encoded
        for round in 0..<10 as Range<UInt64> {
            let snapshot = machine.snapshot()
            async let encoded = Task.detached { KVStateMachine.encode(snapshot) }.value
            for key in 0..<2_000 { _ = try machine.execute(.put(key: "\(key)".bytes, value: [2]), at: 2 + round) }
            if round == 0 { #expect(await encoded == expected) } else { #expect(await encoded.count == expected.count) }
        }
    }

    @Test func anythingButASnapshotThrowsAndLeavesTheState() throws {
        let encoded = try sample().encoded
        var machine = try sample()
        var bad = (0..<encoded.count).map { Bytes(encoded[..<$0]) }
        bad.append(encoded + [0])
        bad.append([2] + encoded.dropFirst())
        func entry(_ key: Bytes) -> Bytes { [0, 0, 0, UInt8(key.count)] + key + Bytes(repeating: 0, count: 12) }
        let header = Bytes(encoded[..<9])
        bad.append(header + [0, 0, 0, 2] + entry([1]) + entry([1]))
        bad.append(header + [0, 0, 0, 2] + entry([2]) + entry([1]))
        bad.append(header + [0, 0, 0, 2] + entry([1, 0]) + entry([1]))
        bad.append(header + [0, 0, 0, 1] + entry([]) + [0])
        bad.append(header + [255, 255, 255, 255] + entry([1]))
        let long = Bytes(repeating: 1, count: KVLimits.keyBytesMax + 1)
        bad.append(header + [0, 0, 0, 1] + [0, 0, 4, 1] + long + Bytes(repeating: 0, count: 12))
        for bytes in bad {
            #expect(throws: (any Error).self) { try machine.restore(from: bytes) }
            #expect(machine.encoded == encoded)
        }
    }

    @Test(arguments: 1...3)
    func damagedSnapshotsThrowOrAreTheOneEncodingOfAnotherState(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var source = KVStateMachine()
        for instance in 1...60 as ClosedRange<UInt64> {
            _ = try source.execute(randomOperation(&generator), at: instance)
        }
        let encoded = source.encoded
        var machine = KVStateMachine()
        for _ in 0..<1_500 {
            var bytes = encoded
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            do {
                try machine.restore(from: bytes)
                #expect(machine.encoded == bytes)
            } catch {}
        }
    }
}
