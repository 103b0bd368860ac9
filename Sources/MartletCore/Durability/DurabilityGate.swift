// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Keeps back what rests on records that are not durable yet (protocol §7): messages, this replica's own votes among them, and
/// execution, which replies. **Safety**: nothing of it leaves before. Every driver of a core has one.
package struct DurabilityGate: Sendable {
    package private(set) var durable = LogPosition.start
    private var sends: [Send] = []
    /// The first says what it waits for; all that follows it was ordered later.
    private var orders: [ExecutionOrder] = []

    package init() {}

    package var isHolding: Bool { !sends.isEmpty || !orders.isEmpty }

    /// All records up to there are durable.
    package mutating func note(durable position: LogPosition) { durable = max(durable, position) }

    /// Leaves in the effects what may leave now, with what waited until now before it.
    package mutating func pass(_ effects: inout Effects) {
        passSends(&effects)
        guard !effects.executions.isEmpty || !orders.isEmpty else { return }
        orders += effects.executions
        effects.executions.removeAll(keepingCapacity: true)
        var count = 0
        for order in orders {
            if case .awaitDurable(let position) = order {
                guard position <= durable else { break }
            } else {
                effects.executions.append(order)
            }
            count += 1
        }
        orders.removeFirst(count)
    }

    private mutating func passSends(_ effects: inout Effects) {
        guard !sends.isEmpty || effects.sends.contains(where: { $0.after > durable }) else { return }
        sends += effects.sends
        effects.sends.removeAll(keepingCapacity: true)
        for send in sends where send.after <= durable { effects.sends.append(send) }
        sends.removeAll { $0.after <= durable }
    }
}
