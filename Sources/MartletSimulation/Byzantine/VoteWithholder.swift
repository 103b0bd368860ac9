// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Follows, but does not vote, or not always.
struct VoteWithholder: Misbehaviour {
    let kind = LiarKind.voteWithholder
    private let permille: Int
    private let onlyAccepts: Bool

    init(_ context: inout LiarContext) {
        permille = context.random.pick([200, 1000])
        onlyAccepts = context.random.chance(permille: 500)
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        let count = outgoing.count
        var kept: [Outgoing] = []
        for item in outgoing {
            switch item.message {
            case .write where !onlyAccepts, .accept:
                if !context.random.chance(permille: permille) { kept.append(item) }
            default: kept.append(item)
            }
        }
        outgoing = kept
        context.acts += count - outgoing.count
    }
}
