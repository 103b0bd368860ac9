// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

@testable import MartletKV

/// SplitMix64: a test is repeated by its seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func chance(_ part: Int, in whole: Int) -> Bool { Int.random(in: 0..<whole, using: &self) < part }

    mutating func bytes(_ count: ClosedRange<Int>, below bound: UInt8 = .max) -> Bytes {
        (0..<Int.random(in: count, using: &self)).map { _ in UInt8.random(in: 0...bound, using: &self) }
    }
}

/// Few short keys over few letters, so that random operations meet; some longer than the eight bytes that are compared
/// first.
func randomKey(_ generator: inout SeededGenerator) -> Bytes {
    let key = generator.bytes(1...2, below: 3)
    return generator.chance(1, in: 3) ? key + Bytes(repeating: 0, count: 8) + generator.bytes(0...2, below: 2) : key
}

func randomValue(_ generator: inout SeededGenerator) -> Bytes {
    generator.chance(1, in: 2)
        ? Bytes(String(Int.random(in: -3...3, using: &generator)).utf8) : generator.bytes(0...12, below: 5)
}

func randomOperation(_ generator: inout SeededGenerator, isInBatch: Bool = false) -> KVOperation {
    let key = randomKey(&generator)
    switch Int.random(in: 0..<(isInBatch ? 12 : 14), using: &generator) {
    case 0...1: return .get(key: key)
    case 2...4: return .put(key: key, value: randomValue(&generator))
    case 5...6: return .delete(key: key)
    case 7...8:
        return .compareAndSwap(
            key: key, expected: generator.chance(1, in: 2) ? nil : randomValue(&generator),
            replacement: generator.chance(1, in: 4) ? nil : randomValue(&generator))
    case 9...10: return .increment(key: key, delta: Int64.random(in: -5...5, using: &generator))
    case 11:
        return .scan(
            KVScan(
                from: generator.chance(1, in: 3) ? [] : key,
                to: generator.chance(1, in: 2) ? nil : randomKey(&generator),
                limit: Int.random(in: 0...30, using: &generator)))
    default:
        let count = Int.random(in: 0...5, using: &generator)
        return .batch((0..<count).map { _ in randomOperation(&generator, isInBatch: true) })
    }
}

func context(_ instance: UInt64) -> ExecutionContext {
    ExecutionContext(
        client: ClientID(PublicKey(words: .zero)), instance: Instance(instance), time: Timestamp(instance),
        seed: instance)
}

extension KVStateMachine {
    mutating func execute(_ operation: KVOperation, at instance: UInt64) throws -> KVResult {
        try KVResult(payload: execute(operation.payload, in: context(instance)))
    }

    func read(_ operation: KVOperation, lastExecuted: UInt64 = 1_000_000) throws -> (result: KVResult, version: UInt64)
    {
        let answer = read(operation.payload, lastExecuted: Instance(lastExecuted))
        return (try KVResult(payload: answer.result), answer.version.rawValue)
    }

    var chunks: [Bytes] { Self.written(snapshot()).chunks }

    /// Small chunks, so that few keys are many.
    static func smallChunks() -> KVStateMachine { KVStateMachine(chunking: .small) }
}

extension KVChunking {
    static let small = KVChunking(bytesMin: 40, bytesMax: 200, boundaryBits: 2)
}

extension String {
    var bytes: Bytes { Bytes(utf8) }
}
