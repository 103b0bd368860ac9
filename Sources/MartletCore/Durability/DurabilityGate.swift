// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Keeps back what rests on records that are not durable yet (protocol §7): messages, this replica's own votes among them, and
/// execution, which replies. **Safety**: nothing of it leaves before. Every driver of a core has one. What others may ask for any
/// number of times waits here once, if at all; how much else waits is the core's to bound (`ReplicaCore.isDiskBehind`).
package struct DurabilityGate: Sendable {
    package private(set) var durable = LogPosition.start
    private var sends: [Send] = []
    /// The first says what it waits for; all that follows it was ordered later.
    private var orders: [ExecutionOrder] = []
    /// What is to be answered again in there; only looked up. No more than replies are kept.
    private var repeated: Set<RequestID> = []
    private var arrived: [ExecutionOrder] = []

    package init() {}

    package var isHolding: Bool { !sends.isEmpty || !orders.isEmpty }
    package var sendsHeld: Int { sends.count }
    /// Besides what is to be answered again.
    package var ordersHeld: Int { orders.count - repeated.count }

    /// All records up to there are durable.
    package mutating func note(durable position: LogPosition) { durable = max(durable, position) }

    /// Leaves in the effects what may leave now, with what waited until now before it.
    package mutating func pass(_ effects: inout Effects) {
        passSends(&effects)
        guard !orders.isEmpty || effects.executions.contains(where: \.isAwaiting) else { return }
        swap(&arrived, &effects.executions)
        for order in arrived { hold(order) }
        arrived.removeAll(keepingCapacity: true)
        release(into: &effects)
    }

    /// Who is not served may ask under any number of names; of some it is told nothing.
    private static let repeatedMax = 65_536

    private mutating func hold(_ order: ExecutionOrder) {
        if case .refuse = order, repeated.count >= Self.repeatedMax { return }
        if let id = order.answeredAgain, !repeated.insert(id).inserted { return }
        orders.append(order)
    }

    private mutating func release(into effects: inout Effects) {
        var count = 0
        for order in orders {
            if case .awaitDurable(let position) = order {
                guard position <= durable else { break }
            } else {
                if let id = order.answeredAgain { repeated.remove(id) }
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

extension ExecutionOrder {
    fileprivate var isAwaiting: Bool { if case .awaitDurable = self { true } else { false } }

    /// What a client may ask for any number of times.
    fileprivate var answeredAgain: RequestID? {
        switch self {
        case .resend(let id), .tellOpened(_, let id): id
        case .refuse(let refusal): refusal.refusal.request
        default: nil
        }
    }
}
