// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCore
package import MartletTypes

/// Linearizability in its cheap sense: the agreed history, replayed on a model of the service, gives each result that a
/// client accepted; what was acknowledged before a call began is seen by it; reads never go back.
package struct ResultChecker: Sendable {
    struct Call: Sendable {
        let operation: Operation
        /// Everything acknowledged to anyone by then lies at or below this instance; filled in at the end.
        let acknowledgedBefore: Int
        var completion: Completion?
    }

    struct Completion: Sendable {
        let outcome: ServiceAnswer
        let request: RequestID?
        /// Which instance the client was told of before it need have been decided anywhere.
        let reliesOn: Instance?
        let reached: Instance
        let at: Instant
    }

    /// In the order of completion: which calls others must see that begin later.
    private var completed: [OperationID] = []
    private var calls: [OperationID: Call] = [:]
    private(set) var order: [OperationID] = []
    /// By payload: what the clients' bytes mean.
    private var operations: [Bytes: Operation] = [:]

    package init() {}

    package var isOpen: Bool { calls.count != completed.count }
    package var completedCount: Int { completed.count }

    /// What a payload means, by the word of whoever made it.
    package mutating func knows(_ payload: Bytes, meaning operation: Operation) { operations[payload] = operation }

    package mutating func invoked(_ id: OperationID, _ operation: Operation) {
        order.append(id)
        calls[id] = Call(operation: operation, acknowledgedBefore: completed.count)
    }

    /// `reached`: the highest instance that any correct replica has executed by now; nobody can have seen a later one.
    package mutating func completed(
        _ id: OperationID, _ outcome: ServiceAnswer, request: RequestID?, reliesOn undecided: Instance? = nil,
        reached: Instance, at now: Instant
    ) {
        calls[id]?.completion = Completion(
            outcome: outcome, request: request, reliesOn: undecided, reached: reached, at: now)
        completed.append(id)
    }

    /// Calls that nobody answered.
    package var unanswered: [(OperationID, Operation)] {
        order.compactMap { id in
            guard let call = calls[id], call.completion == nil else { return nil }
            return (id, call.operation)
        }
    }

    package func check(_ history: [Execution], at now: Instant) -> [Violation] {
        let model = ServiceModel(replaying: history, operations: operations)
        var violations: [Violation] = []
        /// By number of completions: the lowest instance that a call beginning then must see.
        var seen: [Instance] = [.zero]
        for id in completed {
            guard let call = calls[id], let completion = call.completion else { continue }
            let bound = seen[call.acknowledgedBefore]
            var reached = seen[seen.count - 1]
            // Not decided to this day: where the group still can, that it does not is what is wrong (`World.checkLiveness`).
            if let undecided = completion.reliesOn, undecided > Instance(UInt64(history.count)) {
                seen.append(reached)
                continue
            }
            let range = (bound, completion.reached)
            switch Self.judge(call.operation, completion.outcome, completion.request, range, model) {
            case .consistent(let at): reached = max(reached, at)
            case .wrong(let why):
                violations.append(
                    Violation(
                        .results, at: completion.at,
                        "wrong result: client \(id.client) call \(id.number), \(call.operation) → \(completion.outcome): \(why)"
                    ))
            }
            seen.append(reached)
        }
        return violations
    }

    private enum Judgement {
        /// Everybody who calls from now on must see the state after this instance.
        case consistent(at: Instance)
        case wrong(String)
    }

    private static func judge(
        _ operation: Operation, _ outcome: ServiceAnswer, _ request: RequestID?,
        _ range: (bound: Instance, reached: Instance), _ model: ServiceModel
    ) -> Judgement {
        guard let request else { return judgeRead(operation, outcome, range, model) }
        guard let executed = model.executed[request] else { return .wrong("\(request) was never executed") }
        guard executed.outcome == outcome else {
            return .wrong("the agreed order gives \(executed.outcome) in instance \(executed.instance)")
        }
        guard executed.instance > range.bound else {
            return .wrong(
                "it was executed in instance \(executed.instance), but a call answered before it began saw \(range.bound)"
            )
        }
        return .consistent(at: executed.instance)
    }

    private static func judgeRead(
        _ operation: Operation, _ outcome: ServiceAnswer, _ range: (bound: Instance, reached: Instance),
        _ model: ServiceModel
    ) -> Judgement {
        let values: [UInt64?]
        switch (operation, outcome) {
        case (.get, .value(let value)): values = [value]
        case (.scan, .values(let several)): values = several
        default: return .wrong("a read has a value for its answer")
        }
        let bound = range.bound
        let spans = model.spans(of: operation.keys, holding: values).filter { $0.begin <= range.reached }
        guard let newest = spans.last else { return .wrong("that value had never stood there by then") }
        // The earliest span that fits: a later reader is bound by no more than that.
        guard let fitting = spans.first(where: { span in span.end.map { $0 > bound } ?? true }) else {
            return .wrong(
                "the value was replaced in instance \(newest.end ?? .zero), but a call answered before it began saw \(bound)"
            )
        }
        return .consistent(at: max(bound, fitting.begin))
    }
}
