// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletOptimizer
import MartletTypes

/// A thread for what may take seconds in a large group, and nobody waits for before it is due: who should lead and be heavy.
struct CalculationStage: Sendable {
    let views: KnownViews
    let inputs: Mailbox<CalculationInput>
    let ordering: Mailbox<OrderingInput>

    /// Returns when the mailbox is closed.
    func run() {
        var waiting: [CalculationInput] = []
        while inputs.wait(into: &waiting) {
            for input in waiting {
                guard let view = views.entry(input.view)?.view else { continue }
                ordering.post(.event(.calculated(Calculation.outcome(of: input, in: view))))
            }
            waiting.removeAll(keepingCapacity: true)
        }
    }
}
