// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Says again, to everyone, what it and the others have said: old proposals, votes, STOPs, SYNCs and answers, also
/// those of others as if they were its own.
struct ReplayingMember: Behaviour {
    private static let keptMax = 1024
    private static let messagesPerTick = 24

    private var kept: [PeerMessage] = []
    private var next = 0

    mutating func observe(_ message: PeerMessage) { keep(message) }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout BehaviourContext) {
        for item in outgoing { if let message = item.message { keep(message) } }
        guard context.isTick, !kept.isEmpty else { return }
        for _ in 0..<Self.messagesPerTick {
            guard let message = kept.randomElement(using: &context.random) else { return }
            outgoing += context.others.map { Outgoing(message, to: $0) }
            context.acts += 1
        }
    }

    /// The older ones stay: what comes later takes the place of another one only now and then.
    private mutating func keep(_ message: PeerMessage) {
        if kept.count < Self.keptMax {
            kept.append(message)
        } else {
            next += 1
            if next.isMultiple(of: 16) { kept[next / 16 % Self.keptMax] = message }
        }
    }
}
