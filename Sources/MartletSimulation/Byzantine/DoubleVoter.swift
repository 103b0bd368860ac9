// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Votes for one digest towards some and for another towards the others, or for both towards the same.
struct DoubleVoter: Misbehaviour {
    let kind = LiarKind.doubleVoter
    /// Digests that others voted for, so that the second vote may well count.
    private var heard: [Instance: [Digest]] = [:]

    mutating func observe(_ message: PeerMessage, from sender: ReplicaID) {
        guard let vote = message.voted else { return }
        if heard[vote.instance, default: []].contains(vote.digest) { return }
        heard[vote.instance, default: []].append(vote.digest)
        if heard.count > 256 { heard = [:] }
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        var second: [Outgoing] = []
        var chosen: [Round: (digest: Digest, side: [ReplicaID], isBoth: Bool)] = [:]
        var judged: Set<Round> = []
        for place in outgoing.indices {
            guard let vote = outgoing[place].message.voted else { continue }
            let round = Round(regency: vote.epoch.regency, instance: vote.instance)
            if judged.insert(round).inserted, context.random.chance(permille: 300) {
                chosen[round] = (
                    other(than: vote.digest, at: vote.instance, &context), context.someOthers(),
                    context.random.chance(permille: 300)
                )
            }
            guard let choice = chosen[round], choice.side.contains(outgoing[place].receiver),
                let lie = context.vote(outgoing[place].message, for: choice.digest)
            else { continue }
            if choice.isBoth {
                second.append(Outgoing(lie, to: outgoing[place].receiver))
            } else {
                outgoing[place].message = lie
            }
            context.acts += 1
        }
        outgoing.append(contentsOf: second)
    }

    private func other(than digest: Digest, at instance: Instance, _ context: inout LiarContext) -> Digest {
        let candidates = (heard[instance] ?? []).filter { $0 != digest }
        return candidates.isEmpty ? context.junkDigest() : context.random.pick(candidates)
    }
}
