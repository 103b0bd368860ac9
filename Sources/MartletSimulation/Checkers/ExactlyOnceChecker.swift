// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCore
package import MartletTypes

/// Exactly once: no request is executed twice in the agreed history, under whatever content, and none opens two
/// sessions.
package enum ExactlyOnceChecker {
    package static func check(_ history: [Execution], at now: Instant) -> [Violation] {
        var executed: [RequestID: Instance] = [:]
        var violations: [Violation] = []
        for execution in history {
            for step in execution.steps where hasEffect(step.verdict) {
                if let earlier = executed.updateValue(execution.instance, forKey: step.request.id) {
                    violations.append(
                        Violation(
                            .exactlyOnce, at: now,
                            "\(step.request.id) was executed in instance \(earlier) and again in \(execution.instance)")
                    )
                }
            }
        }
        return violations
    }

    private static func hasEffect(_ verdict: ExecutionVerdict) -> Bool {
        switch verdict {
        case .execute, .open, .reconfigure: true
        case .repeated, .refuse: false
        }
    }
}
