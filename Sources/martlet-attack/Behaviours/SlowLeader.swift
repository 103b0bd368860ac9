// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Leading, it holds each proposal back for as long as the others just bear: a request's timer has two stages of 200 ms
/// at least, and the second one ends the regency.
struct SlowLeader: Behaviour {
    private static let delay = Interval.milliseconds(300)

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout BehaviourContext) {
        for place in outgoing.indices {
            guard case .propose = outgoing[place].message else { continue }
            outgoing[place].delay = Self.delay
            context.acts += 1
        }
    }
}
