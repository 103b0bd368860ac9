// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCore
package import MartletTypes

/// Agreement: no two correct replicas execute different batches in one instance. Keeps the agreed history, which the
/// other checkers read.
package struct AgreementChecker: Sendable {
    private var first: [Instance: (replica: Int, execution: Execution)] = [:]
    package private(set) var highest = Instance.zero

    package init() {}

    package mutating func executed(_ execution: Execution, by replica: Int, at now: Instant) -> Violation? {
        highest = max(highest, execution.instance)
        guard let known = first[execution.instance] else {
            first[execution.instance] = (replica, execution)
            return nil
        }
        guard let difference = Self.difference(known.execution, execution) else { return nil }
        return Violation(
            .agreement, at: now,
            "instance \(execution.instance): replicas \(known.replica) and \(replica) executed different batches: \(difference)"
        )
    }

    /// The batches of instances 1, 2, 3…; ends at the first one that no correct replica has executed.
    package var history: [Execution] {
        var result: [Execution] = []
        while let next = first[Instance(UInt64(result.count + 1))] { result.append(next.execution) }
        return result
    }

    /// An instance that nobody executed though somebody executed a later one.
    package func finish(at now: Instant) -> Violation? {
        let known = history.count
        guard Instance(UInt64(known)) < highest else { return nil }
        return Violation(
            .agreement, at: now,
            "instance \(known + 1) was executed by no correct replica, but instance \(highest) was")
    }

    /// Of a request that is not executed, only its name counts: a replica need not hold its body.
    private static func difference(_ left: Execution, _ right: Execution) -> String? {
        guard left.time == right.time else { return "their times are \(left.time) and \(right.time)" }
        guard left.seed == right.seed else { return "their digests differ" }
        guard left.steps.count == right.steps.count else {
            return "they hold \(left.steps.count) and \(right.steps.count) requests"
        }
        for (mine, other) in zip(left.steps, right.steps) {
            guard mine.request.id == other.request.id else {
                return "they order \(mine.request.id) and \(other.request.id) at the same place"
            }
            guard mine.verdict == other.verdict else {
                return "\(mine.request.id) is judged \(mine.verdict) and \(other.verdict)"
            }
            if mine.verdict == .execute, mine.request != other.request {
                return "the content of \(mine.request.id) differs"
            }
        }
        return nil
    }
}
