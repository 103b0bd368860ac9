// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletOptimizer
import MartletTypes

/// A thread for what may take seconds in a large group, and nobody waits for before it is due: who should lead and be heavy.
struct CalculationStage: Sendable {
    let tasks: Mailbox<CalculationTask>
    let ordering: Mailbox<OrderingInput>

    /// Returns when the mailbox is closed.
    func run() {
        var waiting: [CalculationTask] = []
        while tasks.wait(into: &waiting) {
            // Of what came meanwhile only the last is still awaited.
            if let task = waiting.last {
                ordering.post(.event(.calculated(Calculation.outcome(of: task.input, in: task.view))))
            }
            waiting.removeAll(keepingCapacity: true)
        }
    }
}
