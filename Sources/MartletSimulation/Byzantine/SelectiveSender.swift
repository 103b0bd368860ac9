// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Leaves some replicas out: of everything, of votes, or of what leads them on.
struct SelectiveSender: Misbehaviour {
    private enum What: CaseIterable {
        case everything
        case votes
        case accepts
        case leaderChange
        case answers
    }

    let kind = LiarKind.selectiveSender
    private let what: What
    private let leftOut: [ReplicaID]

    init(_ context: inout LiarContext) {
        what = context.random.pick(What.allCases)
        leftOut = context.someOthers()
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        let count = outgoing.count
        outgoing.removeAll { leftOut.contains($0.receiver) && isMeant($0.message) }
        context.acts += count - outgoing.count
    }

    private func isMeant(_ message: PeerMessage) -> Bool {
        switch (what, message) {
        case (.everything, _), (.votes, .write), (.votes, .accept), (.accepts, .accept): true
        case (.leaderChange, .stop), (.leaderChange, .stopData), (.leaderChange, .sync): true
        case (.answers, .forwarded), (.answers, .batchBody), (.answers, .decisions), (.answers, .decided),
            (.answers, .checkpointOffer), (.answers, .manifest), (.answers, .chunk):
            true
        default: false
        }
    }
}
