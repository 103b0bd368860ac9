// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCore
package import MartletTypes

/// What the service must do, written a second time and simply: a dictionary, replayed over the agreed history.
package struct ServiceModel: Sendable {
    /// From which instance on a value stood somewhere, and which one replaced it.
    package struct Span: Sendable {
        package let value: UInt64?
        package let begin: Instance
        package var end: Instance?
    }

    package private(set) var executed: [RequestID: (outcome: ServiceAnswer, instance: Instance)] = [:]
    private var spans: [Int: [Span]] = [:]

    /// A payload that no client made changes nothing here; whether it should have been executed is not asked here.
    package init(replaying history: [Execution], operations: [Bytes: Operation]) {
        for execution in history {
            for step in execution.steps where step.verdict == .execute {
                guard let operation = operations[step.request.payload] else { continue }
                let outcome = apply(operation, in: execution.instance)
                executed[step.request.id] = (outcome, execution.instance)
            }
        }
    }

    package func spans(of key: Int, holding value: UInt64?) -> [Span] {
        (spans[key] ?? [Span(value: nil, begin: .zero)]).filter { $0.value == value }
    }

    /// When these values stood there together.
    package func spans(of keys: [Int], holding values: [UInt64?]) -> [Span] {
        var common = [Span(value: nil, begin: .zero)]
        for (key, value) in zip(keys, values) {
            let spans = spans(of: key, holding: value)
            common = common.flatMap { left in
                spans.compactMap { right in
                    let begin = max(left.begin, right.begin)
                    let end = [left.end, right.end].compactMap { $0 }.min()
                    return end.map { begin <= $0 } ?? true ? Span(value: nil, begin: begin, end: end) : nil
                }
            }
        }
        return common
    }

    private func value(_ key: Int) -> UInt64? { spans[key]?.last?.value }

    private mutating func apply(_ operation: Operation, in instance: Instance) -> ServiceAnswer {
        switch operation {
        case .get(let key): return .value(value(key))
        case .scan(let from, let to): return .values((from..<to).map(value))
        case .put(let key, let value):
            set(key, to: value, in: instance)
            return .done
        case .add(let key, let amount):
            let sum = (value(key) ?? 0) &+ amount
            set(key, to: sum, in: instance)
            return .value(sum)
        case .delete(let key, _):
            set(key, to: nil, in: instance)
            return .done
        case .swap(let key, let expected, let new):
            guard value(key) == expected else { return .mismatch(value(key)) }
            set(key, to: new, in: instance)
            return .done
        case .putAll(let keys, let value):
            for key in keys { set(key, to: value, in: instance) }
            return .done
        }
    }

    private mutating func set(_ key: Int, to value: UInt64?, in instance: Instance) {
        var known = spans[key] ?? [Span(value: nil, begin: .zero)]
        known[known.count - 1].end = instance
        known.append(Span(value: value, begin: instance))
        spans[key] = known
    }
}
