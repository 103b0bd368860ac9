// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@Suite("Linearizability: histories that fit an order pass, all others do not")
struct LinearizabilityTests {
    /// A call with its outcome and the positions of its beginning and end.
    private static func call(
        _ operation: Operation, _ outcome: ServiceAnswer?, _ begin: Int, _ end: Int?
    ) -> (Operation, ServiceAnswer?, Int, Int?) { (operation, outcome, begin, end) }

    private static func judge(
        _ calls: [(Operation, ServiceAnswer?, Int, Int?)], stepsMax: Int = Linearizability.stepsMax
    ) -> Linearizability.Verdict {
        Linearizability.judge(
            calls.enumerated().map { place, call in
                CallRecord(
                    id: OperationID(client: 0, number: place), operation: call.0, outcome: call.1, begin: call.2,
                    end: call.3)
            }, stepsMax: stepsMax)
    }

    private static func isLinearizable(_ calls: [(Operation, ServiceAnswer?, Int, Int?)]) -> Bool {
        judge(calls) == .linearizable
    }

    private static func isViolated(_ calls: [(Operation, ServiceAnswer?, Int, Int?)]) -> Bool {
        if case .violated = judge(calls) { true } else { false }
    }

    private static func put(_ value: UInt64, _ key: Int = 0) -> Operation { .put(key: key, value: value) }
    private static let get = Operation.get(key: 0)

    @Test("One after the other")
    func sequential() {
        let history = [
            Self.call(Self.get, .value(nil), 0, 1), Self.call(Self.put(1), .done, 2, 3),
            Self.call(.add(key: 0, amount: 4), .value(5), 4, 5),
            Self.call(.swap(key: 0, expected: 4, value: 9), .mismatch(5), 6, 7),
            Self.call(.swap(key: 0, expected: 5, value: 9), .done, 8, 9), Self.call(Self.get, .value(9), 10, 11),
            Self.call(.delete(key: 0, mark: 7), .done, 12, 13), Self.call(Self.get, .value(nil), 14, 15),
        ]
        #expect(Self.isLinearizable(history))
        #expect(Self.isLinearizable([]))
    }

    @Test("A wrong value, a lost write, a stale read, and reads that go back in time")
    func wrong() {
        #expect(Self.isViolated([Self.call(Self.get, .value(1), 0, 1)]))
        #expect(Self.isViolated([Self.call(Self.put(1), .done, 0, 1), Self.call(Self.get, .value(nil), 2, 3)]))
        let puts = [Self.call(Self.put(1), .done, 0, 1), Self.call(Self.put(2), .done, 2, 3)]
        #expect(Self.isLinearizable(puts + [Self.call(Self.get, .value(2), 4, 5)]))
        #expect(Self.isViolated(puts + [Self.call(Self.get, .value(1), 4, 5)]))
        #expect(Self.isViolated(puts + [Self.call(.add(key: 0, amount: 1), .value(2), 4, 5)]))
        #expect(Self.isViolated(puts + [Self.call(.swap(key: 0, expected: 1, value: 7), .done, 4, 5)]))
        let running = [Self.call(Self.put(1), .done, 0, 1), Self.call(Self.put(2), .done, 2, 20)]
        #expect(
            Self.isViolated(running + [Self.call(Self.get, .value(2), 3, 4), Self.call(Self.get, .value(1), 5, 6)]))
        #expect(
            Self.isLinearizable(running + [Self.call(Self.get, .value(1), 3, 4), Self.call(Self.get, .value(2), 5, 6)]))
    }

    @Test("What runs at the same time may take effect in either order, but in one only")
    func concurrent() {
        let puts = [Self.call(Self.put(1), .done, 0, 10), Self.call(Self.put(2), .done, 1, 9)]
        for value in [1, 2] as [UInt64] {
            #expect(Self.isLinearizable(puts + [Self.call(Self.get, .value(value), 11, 12)]))
        }
        #expect(Self.isViolated(puts + [Self.call(Self.get, .value(nil), 11, 12)]))
        #expect(
            Self.isViolated(puts + [Self.call(Self.get, .value(1), 11, 12), Self.call(Self.get, .value(2), 13, 14)]))
        #expect(
            Self.isViolated([
                Self.call(.add(key: 0, amount: 1), .value(1), 0, 3),
                Self.call(.add(key: 0, amount: 1), .value(1), 1, 2),
            ]))
    }

    @Test("A call without an outcome may take effect late or never, but never before it begins, and once")
    func unknown() {
        let lost = Self.call(Self.put(7), nil, 0, nil)
        #expect(Self.isLinearizable([lost, Self.call(Self.get, .value(nil), 1, 2)]))
        #expect(Self.isLinearizable([lost, Self.call(Self.get, .value(7), 1, 2)]))
        // Long after others.
        #expect(
            Self.isLinearizable([
                lost, Self.call(Self.put(1), .done, 1, 2), Self.call(Self.get, .value(1), 3, 4),
                Self.call(Self.get, .value(7), 5, 6),
            ]))
        #expect(Self.isViolated([Self.call(Self.get, .value(7), 1, 2), Self.call(Self.put(7), nil, 3, nil)]))
        #expect(
            Self.isViolated([
                lost, Self.call(Self.get, .value(7), 1, 2), Self.call(Self.put(1), .done, 3, 4),
                Self.call(Self.get, .value(7), 5, 6),
            ]))
        // With a time by which it must be over.
        let settled = Self.call(Self.put(7), nil, 0, 3)
        #expect(Self.isViolated([settled, Self.call(Self.get, .value(nil), 4, 5)]))
        #expect(Self.isLinearizable([settled, Self.call(Self.get, .value(7), 4, 5)]))
    }

    @Test("A scan and a put at several keys are one step each")
    func severalKeys() {
        let both = Operation.putAll(keys: [0, 1], value: 5)
        let scan = Operation.scan(from: 0, to: 2)
        #expect(Self.isLinearizable([Self.call(both, .done, 0, 10), Self.call(scan, .values([5, 5]), 1, 2)]))
        #expect(Self.isLinearizable([Self.call(both, .done, 0, 10), Self.call(scan, .values([nil, nil]), 1, 2)]))
        // Half of it.
        #expect(Self.isViolated([Self.call(both, .done, 0, 10), Self.call(scan, .values([5, nil]), 1, 2)]))
        #expect(
            Self.isViolated([
                Self.call(both, .done, 0, 10), Self.call(.get(key: 0), .value(5), 1, 2),
                Self.call(.get(key: 1), .value(nil), 3, 4),
            ]))
        // Two scans that saw two writers in opposite orders: each key by itself is fine.
        #expect(
            Self.isViolated([
                Self.call(Self.put(1, 0), .done, 0, 10), Self.call(Self.put(2, 1), .done, 1, 11),
                Self.call(scan, .values([1, nil]), 2, 9), Self.call(scan, .values([nil, 2]), 3, 8),
            ]))
    }

    @Test("Keys that nothing joins are judged apart: many ambiguous ones are no work")
    func apart() {
        var history: [(Operation, ServiceAnswer?, Int, Int?)] = []
        for key in 0..<12 {
            history.append(Self.call(Self.put(1, key), .done, key, 100))
            history.append(Self.call(Self.put(2, key), .done, key, 101))
            history.append(Self.call(Self.put(3, key), .done, key, 102))
        }
        #expect(Self.judge(history, stepsMax: 100) == .linearizable)
    }

    @Test("What is too much work is said to be so, never passed, and a violation elsewhere is still found")
    func tooHard() {
        var history = (0..<16).map { Self.call(Self.put(UInt64($0 + 1)), .done, 0, 10 + $0) }
        guard case .tooHard = Self.judge(history, stepsMax: 1_000) else {
            Issue.record("sixteen puts at once were judged in a thousand steps")
            return
        }
        history.append(Self.call(.get(key: 9), .value(1), 5, 6))
        guard case .violated = Self.judge(history, stepsMax: 1_000) else {
            Issue.record("a wrong read was not found")
            return
        }
        let crowd = (0..<65).map { Self.call(Self.put(UInt64($0 + 1)), nil, $0, nil) }
        guard case .tooHard = Self.judge(crowd) else {
            Issue.record("65 calls at a time were judged")
            return
        }
    }

    @Test("Random histories of one object that takes effect at one instant pass; one changed read does not")
    func random() {
        for seed in 1...50 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var value: UInt64?
            var history: [(Operation, ServiceAnswer?, Int, Int?)] = []
            for step in 1...60 {
                let middle = step * 20
                let (begin, end) = (middle - random.below(45), middle + random.below(45))
                if random.chance(permille: 500) {
                    value = UInt64(step)
                    let isLost = random.chance(permille: 100)
                    history.append(
                        Self.call(Self.put(UInt64(step)), isLost ? nil : .done, begin, isLost ? nil : end))
                } else {
                    history.append(Self.call(Self.get, .value(value), begin, end))
                }
            }
            #expect(Self.isLinearizable(history), "seed \(seed)")
            history.append(Self.call(Self.get, .value(1_000), 30, 2_000))
            #expect(Self.isViolated(history), "seed \(seed)")
        }
    }
}
