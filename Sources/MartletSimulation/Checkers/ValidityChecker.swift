// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCore
package import MartletTypes

/// Validity: only what a client itself has sent is executed, exactly as it sent it; and a session belongs to whoever
/// opened it.
package struct ValidityChecker: Sendable {
    private var sent: Set<Request> = []

    package init() {}

    /// The channel shows which client it is, so that a request in another's name is nobody's.
    package mutating func sent(_ request: Request, by client: ClientID) {
        if request.id.client == client { sent.insert(request) }
    }

    package func check(_ history: [Execution], at now: Instant) -> [Violation] {
        var owners: [SessionID: ClientID] = [:]
        var violations: [Violation] = []
        for execution in history {
            for step in execution.steps {
                let request = step.request
                if case .open(let session, _) = step.verdict { owners[session] = request.id.client }
                guard isEffective(step.verdict) else { continue }
                if !sent.contains(request) {
                    violations.append(
                        Violation(
                            .validity, at: now,
                            "no client sent with this content: \(request.id), in instance \(execution.instance)"))
                } else if request.kind != .open, owners[request.id.session] != request.id.client {
                    violations.append(
                        Violation(
                            .validity, at: now,
                            "executed in a session of another: \(request.id), in instance \(execution.instance)"))
                }
            }
        }
        return violations
    }

    private func isEffective(_ verdict: ExecutionVerdict) -> Bool {
        switch verdict {
        case .execute, .open, .reconfigure: true
        case .repeated, .refuse: false
        }
    }
}
