// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Leading, it proposes nothing; it goes on voting and answering.
struct SilentLeader: Behaviour {
    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout BehaviourContext) {
        let count = outgoing.count
        outgoing.removeAll { if case .propose = $0.message { true } else { false } }
        context.acts += count - outgoing.count
    }
}
