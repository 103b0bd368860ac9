// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Answers whoever measures it on the spot, and votes late: what it says of its links, and what others measure, makes it a good
/// member to be heavy, and everybody waits for it.
struct SluggishVoter: Misbehaviour {
    private enum What: CaseIterable {
        case writes
        case accepts
        case both
    }

    let kind = LiarKind.sluggishVoter
    private let what: What
    private let delay: Interval

    init(_ context: inout LiarContext) {
        what = context.random.pick(What.allCases)
        delay = .milliseconds(UInt64(context.random.number(in: 20...60)))
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        for place in outgoing.indices where isMeant(outgoing[place].message) {
            outgoing[place].delay = outgoing[place].delay + delay
            context.acts += 1
        }
    }

    private func isMeant(_ message: PeerMessage) -> Bool {
        switch message {
        case .write: what != .accepts
        case .accept: what != .writes
        default: false
        }
    }
}
