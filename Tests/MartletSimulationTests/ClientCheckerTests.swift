// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletSimulation
import MartletTypes
import Testing

@Suite("Checkers of clients: each fires on what it is for")
struct ClientCheckerTests {
    @Test("Exactly once: a request executed twice, also under another content")
    func exactlyOnce() {
        let history = [Sample.execution(1, [Sample.request(1)]), Sample.execution(2, [Sample.request(2)])]
        #expect(ExactlyOnceChecker.check(history, at: .zero).isEmpty)
        let twice = history + [Sample.execution(3, [Sample.request(1)])]
        #expect(ExactlyOnceChecker.check(twice, at: .zero).map(\.rule) == [.exactlyOnce])
        let altered = [Sample.execution(1, [Sample.request(1), Sample.request(1, .get(key: 3))])]
        #expect(ExactlyOnceChecker.check(altered, at: .zero).map(\.rule) == [.exactlyOnce])
        let opened = [Sample.execution(1, [Sample.opening]), Sample.execution(2, [Sample.opening])]
        #expect(ExactlyOnceChecker.check(opened, at: .zero).map(\.rule) == [.exactlyOnce])
    }

    @Test("Validity: forged, altered, sent by another, and in a session of another")
    func validity() {
        var checker = ValidityChecker()
        checker.sent(Sample.opening, by: Sample.client)
        checker.sent(Sample.request(1), by: Sample.client)
        let foreign = Sample.request(1, by: Sample.other)
        checker.sent(foreign, by: Sample.other)
        let opened = Sample.execution(1, [Sample.opening])
        func rules(_ request: Request) -> [Violation.Rule] {
            checker.check([opened, Sample.execution(2, [request])], at: .zero).map(\.rule)
        }
        #expect(rules(Sample.request(1)) == [])
        #expect(rules(Sample.request(2)) == [.validity])
        #expect(rules(Sample.request(1, .get(key: 5))) == [.validity])
        #expect(rules(foreign) == [.validity])
        checker.sent(Sample.request(9), by: Sample.other)
        #expect(rules(Sample.request(9)) == [.validity])
    }

    // MARK: - Results

    private static let history = [
        Sample.execution(1, [Sample.opening]),
        Sample.execution(2, [Sample.request(1, .put(key: 0, value: 10))]),
        Sample.execution(3, [Sample.request(2, .put(key: 0, value: 20))]),
        Sample.execution(4, [Sample.request(3, .add(key: 0, amount: 5))]),
        Sample.execution(5, [Sample.request(4, .swap(key: 1, expected: 7, value: 8))]),
        Sample.execution(6, [Sample.request(5, .delete(key: 0, mark: 1))]),
    ]

    /// Calls that follow one another, each with the sequence of its request, or nil for an unordered read.
    private static func check(
        _ calls: [(Operation, ServiceAnswer, UInt64?)], reached: Instance = Instance(6)
    ) -> [Violation] {
        var checker = ResultChecker()
        for execution in history {
            for step in execution.steps {
                guard let operation = operations[step.request.id.sequence.rawValue] else { continue }
                checker.knows(step.request.payload, meaning: operation)
            }
        }
        for (place, call) in calls.enumerated() {
            let id = OperationID(client: 0, number: place)
            checker.invoked(id, call.0)
            checker.completed(id, call.1, request: call.2.map { Sample.request($0).id }, reached: reached, at: .zero)
        }
        return checker.check(history, at: .zero)
    }

    private static let operations: [UInt64: Operation] = [
        1: .put(key: 0, value: 10), 2: .put(key: 0, value: 20), 3: .add(key: 0, amount: 5),
        4: .swap(key: 1, expected: 7, value: 8), 5: .delete(key: 0, mark: 1),
    ]

    @Test("Results: what the agreed order gives passes")
    func right() {
        let violations = Self.check([
            (.put(key: 0, value: 10), .done, 1), (.get(key: 0), .value(10), nil), (.put(key: 0, value: 20), .done, 2),
            (.get(key: 0), .value(20), nil), (.add(key: 0, amount: 5), .value(25), 3),
            (.swap(key: 1, expected: 7, value: 8), .mismatch(nil), 4), (.get(key: 1), .value(nil), nil),
            (.delete(key: 0, mark: 1), .done, 5), (.get(key: 0), .value(nil), nil),
        ])
        #expect(violations.isEmpty, "\(violations)")
    }

    @Test("Results: a wrong answer, an answer without execution, an answer that no operation has")
    func wrong() {
        #expect(Self.check([(.add(key: 0, amount: 5), .value(26), 3)]).map(\.rule) == [.results])
        #expect(Self.check([(.put(key: 0, value: 99), .done, 17)]).map(\.rule) == [.results])
        #expect(Self.check([(.get(key: 0), .value(11), nil)]).map(\.rule) == [.results])
        #expect(Self.check([(.get(key: 0), .unexpected([1]), nil)]).map(\.rule) == [.results])
    }

    @Test("Results: reads never go back in time (x=1, x=2, x=1), and never miss an acknowledged write")
    func stale() {
        #expect(
            Self.check([
                (.get(key: 0), .value(10), nil), (.get(key: 0), .value(20), nil), (.get(key: 0), .value(10), nil),
            ]).map(\.rule) == [.results])
        #expect(
            Self.check([(.put(key: 0, value: 20), .done, 2), (.get(key: 0), .value(10), nil)]).map(\.rule)
                == [.results])
        #expect(
            Self.check([(.swap(key: 1, expected: 7, value: 8), .mismatch(nil), 4), (.get(key: 0), .value(20), nil)])
                .map(\.rule) == [.results])
    }

    @Test("Results: a read of what is written later only")
    func future() {
        #expect(Self.check([(.get(key: 0), .value(20), nil)], reached: Instance(2)).map(\.rule) == [.results])
        #expect(Self.check([(.get(key: 0), .value(20), nil)], reached: Instance(3)).isEmpty)
    }

    @Test("Results: an operation ordered before one that was acknowledged when it began")
    func realTime() {
        #expect(
            Self.check([(.put(key: 0, value: 20), .done, 2), (.put(key: 0, value: 10), .done, 1)]).map(\.rule)
                == [.results])
    }

    @Test("Liveness: a call without an answer is known")
    func unanswered() {
        var checker = ResultChecker()
        checker.invoked(OperationID(client: 1, number: 1), .get(key: 0))
        checker.invoked(OperationID(client: 1, number: 2), .get(key: 1))
        checker.completed(OperationID(client: 1, number: 1), .value(nil), request: nil, reached: .zero, at: .zero)
        #expect(checker.unanswered.map(\.0) == [OperationID(client: 1, number: 2)])
    }
}
