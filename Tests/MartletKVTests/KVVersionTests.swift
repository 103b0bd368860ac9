// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletKV

@Suite struct KVVersionTests {
    private let key = "x".bytes

    @Test func aValueThatCameBackHasAnotherVersion() throws {
        var machine = KVStateMachine()
        var versions: [UInt64] = []
        for (instance, value) in [(5, "1"), (6, "2"), (7, "1")] as [(UInt64, String)] {
            _ = try machine.execute(.put(key: key, value: value.bytes), at: instance)
            versions.append(try machine.read(.get(key: key)).version)
        }
        #expect(versions == [5, 6, 7])
    }

    @Test func anAbsenceThatCameBackHasAnotherVersion() throws {
        var machine = KVStateMachine()
        #expect(try machine.read(.get(key: key)) == (.value(nil), 0))
        _ = try machine.execute(.put(key: key, value: []), at: 3)
        _ = try machine.execute(.delete(key: key), at: 4)
        #expect(try machine.read(.get(key: key)) == (.value(nil), 4))
        _ = try machine.execute(.put(key: key, value: []), at: 5)
        #expect(try machine.read(.get(key: key)) == (.value([]), 5))
        _ = try machine.execute(.compareAndSwap(key: key, expected: [], replacement: nil), at: 6)
        #expect(try machine.read(.get(key: key)) == (.value(nil), 6))
    }

    @Test func whatChangesNothingLeavesTheVersions() throws {
        var machine = KVStateMachine()
        _ = try machine.execute(.put(key: key, value: "a".bytes), at: 1)
        let before = machine.chunks
        for operation: KVOperation in [
            .delete(key: "y".bytes), .increment(key: key, delta: 1), .get(key: key),
            .compareAndSwap(key: key, expected: nil, replacement: []),
            .compareAndSwap(key: "y".bytes, expected: nil, replacement: nil),
            .batch([
                .put(key: key, value: []), .delete(key: key), .increment(key: key, delta: 1),
                .compareAndSwap(key: key, expected: nil, replacement: []),
            ]),
        ] {
            _ = try machine.execute(operation, at: 9)
            #expect(machine.chunks == before, "\(operation)")
        }
    }

    @Test func aReadThatIsNoneHasTheNewestVersion() throws {
        var machine = KVStateMachine()
        _ = try machine.execute(.put(key: key, value: []), at: 1)
        #expect(try machine.read(.put(key: key, value: [])) == (.refused(.notARead), 1_000_000))
        #expect(try machine.read(.batch([.get(key: key)])) == (.refused(.notARead), 1_000_000))
        #expect(try machine.read(.get(key: [])) == (.refused(.keyLength), 1_000_000))
        let answer = machine.read([9, 9], lastExecuted: Instance(77))
        #expect(answer == ReadAnswer(result: KVResult.refused(.malformed).payload, version: Instance(77)))
    }

    @Test func theItemThatDidNotFitCountsForTheVersion() throws {
        var machine = KVStateMachine()
        let scan = KVOperation.scan(KVScan(limit: 10))
        let large = Bytes(repeating: 7, count: KVLimits.valueBytesMax)
        _ = try machine.execute(.put(key: "a".bytes, value: large), at: 1)
        _ = try machine.execute(.put(key: "b".bytes, value: large), at: 2)
        let first = try machine.read(scan)
        _ = try machine.execute(.put(key: "b".bytes, value: []), at: 3)
        let second = try machine.read(scan)
        _ = try machine.execute(.put(key: "b".bytes, value: large), at: 4)
        let third = try machine.read(scan)
        #expect(first.result == third.result && first.result != second.result)
        #expect([first.version, second.version, third.version] == [2, 3, 4])
    }

    /// The rule itself, over whole histories: a version is not before the last change of the result, and two reads
    /// with the same result and version have had the same result in between.
    @Test(arguments: 1...30)
    func equalReadsHideNoChangeBetweenThem(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var queries: [KVOperation] = []
        for letter in 0..<12 as Range<UInt8> {
            queries.append(.get(key: [letter]))
            let to: Bytes? = letter % 2 == 0 ? nil : [letter + 4]
            queries.append(.scan(KVScan(from: [letter], to: to, limit: Int(letter) % 4 + 1)))
        }
        var machine = KVStateMachine()
        var history: [[(result: KVResult, version: UInt64)]] = queries.map { _ in [] }
        for instance in 1...60 as ClosedRange<UInt64> {
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                _ = try machine.execute(change(&generator), at: instance)
            }
            for (place, query) in queries.enumerated() {
                history[place].append(try machine.read(query, lastExecuted: instance))
            }
        }
        for answers in history {
            var lastChange: UInt64 = 0
            for (place, answer) in answers.enumerated() {
                if place > 0, answers[place - 1].result != answer.result { lastChange = UInt64(place + 1) }
                #expect(lastChange <= answer.version && answer.version <= UInt64(place + 1))
                for earlier in 0..<place where answers[earlier] == answer {
                    #expect(answers[earlier...place].allSatisfy { $0.result == answer.result })
                }
            }
        }
    }

    private func change(_ generator: inout SeededGenerator) -> KVOperation {
        let key = generator.bytes(1...1, below: 11)
        return switch Int.random(in: 0..<5, using: &generator) {
        case 0...1: .put(key: key, value: generator.bytes(1...1, below: 1))
        case 2...3: .delete(key: key)
        default: .batch([.delete(key: key), .put(key: key, value: generator.bytes(1...1, below: 1))])
        }
    }
}
