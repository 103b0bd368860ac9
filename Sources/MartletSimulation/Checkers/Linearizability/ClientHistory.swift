// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCore
package import MartletTypes

/// What clients called and were told, in order.
package struct ClientHistory: Sendable {
    package enum Outcome: Hashable, Sendable {
        case answer(ServiceAnswer)
        /// It has not taken effect and never will.
        case failed
        /// Nobody knows whether it has taken effect or will.
        case unknown
    }

    package enum Event: Hashable, Sendable {
        case call(OperationID, Operation, at: Instant)
        case end(OperationID, Outcome, at: Instant)
    }

    package private(set) var events: [Event] = []
    /// By payload: what clients did that mean harm and tell nobody what came of it, and after how many events.
    private var strangers: [Bytes: (operation: Operation, begin: Int)] = [:]

    package init() {}

    package mutating func append(_ event: Event) { events.append(event) }

    package mutating func stranger(_ payload: Bytes, _ operation: Operation) {
        strangers[payload] = (operation, events.count)
    }

    /// As a judge needs it. Where clients mean harm, the agreed order tells which of their operations took effect at all.
    /// (`settled`: how many events there had been when so many replicas had executed an instance that nobody can miss it.)
    package func calls(_ agreed: [Execution] = [], settled: [Instance: Int] = [:]) -> [CallRecord] {
        var ends: [OperationID: (outcome: Outcome, position: Int)] = [:]
        for (position, event) in events.enumerated() {
            if case .end(let id, let outcome, _) = event { ends[id] = (outcome, position) }
        }
        var calls: [CallRecord] = []
        for (position, event) in events.enumerated() {
            guard case .call(let id, let operation, _) = event else { continue }
            switch ends[id]?.outcome {
            case .failed: continue
            case .answer(let answer):
                calls.append(
                    CallRecord(
                        id: id, operation: operation, outcome: answer, begin: position, end: ends[id]?.position))
            case .unknown, nil:
                calls.append(CallRecord(id: id, operation: operation, outcome: nil, begin: position, end: nil))
            }
        }
        return calls + strangersCalls(agreed, settled)
    }

    private func strangersCalls(_ agreed: [Execution], _ settled: [Instance: Int]) -> [CallRecord] {
        guard !strangers.isEmpty else { return [] }
        var calls: [CallRecord] = []
        for execution in agreed {
            for step in execution.steps where step.verdict == .execute {
                guard let stranger = strangers[step.request.payload] else { continue }
                calls.append(
                    CallRecord(
                        id: OperationID(client: -1, number: calls.count), operation: stranger.operation, outcome: nil,
                        begin: stranger.begin, end: settled[execution.instance]))
            }
        }
        return calls
    }
}
