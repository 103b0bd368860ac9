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

    private mutating func apply(_ operation: Operation, in instance: Instance) -> ServiceAnswer {
        let old = spans[operation.key]?.last?.value
        switch operation {
        case .get: return .value(old)
        case .put(let key, let value):
            set(key, to: value, in: instance)
            return .done
        case .add(let key, let amount):
            let sum = (old ?? 0) &+ amount
            set(key, to: sum, in: instance)
            return .value(sum)
        case .delete(let key, _):
            set(key, to: nil, in: instance)
            return .done
        case .swap(let key, let expected, let value):
            guard old == expected else { return .mismatch(old) }
            set(key, to: value, in: instance)
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
