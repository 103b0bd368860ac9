// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Answers whoever measures it on the spot, and votes late: what it says of its links, and what others measure, makes it a good
/// member to be heavy, and everybody waits for it. Leading, it may keep its proposals from f others as long, so that they look late
/// with it.
struct SluggishVoter: Misbehaviour {
    private enum What: CaseIterable {
        case writes
        case accepts
        case both
    }

    let kind = LiarKind.sluggishVoter
    private let what: What
    private let delay: Interval
    private let hiding: [ReplicaID]

    init(_ context: inout LiarContext) {
        what = context.random.pick(What.allCases)
        delay = .milliseconds(UInt64(context.random.number(in: 20...60)))
        var others = context.others
        context.random.shuffle(&others)
        hiding = context.random.chance(permille: 300) ? Array(others.prefix(context.view.f)) : []
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        for place in outgoing.indices where isMeant(outgoing[place].message, to: outgoing[place].receiver) {
            outgoing[place].delay = outgoing[place].delay + delay
            context.acts += 1
        }
    }

    private func isMeant(_ message: PeerMessage, to receiver: ReplicaID) -> Bool {
        switch message {
        case .propose: hiding.contains(receiver)
        case .write: what != .accepts
        case .accept: what != .writes
        default: false
        }
    }
}
