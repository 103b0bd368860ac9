// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Leading, it proposes one batch to some and another to the others, and votes on each side for what it told that side.
struct EquivocatingLeader: Misbehaviour {
    private struct Split {
        let told: Digest
        let variant: PeerMessage
        let variantDigest: Digest
        let side: [ReplicaID]
    }

    let kind = LiarKind.equivocatingLeader
    private var splits: [Round: Split] = [:]
    private var seen: Set<Round> = []

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        for place in outgoing.indices {
            switch outgoing[place].message {
            case .propose(let propose):
                guard let split = split(propose, &context), split.side.contains(outgoing[place].receiver) else {
                    continue
                }
                outgoing[place].message = split.variant
                context.acts += 1
            case .write, .accept:
                let message = outgoing[place].message
                guard let vote = message.voted,
                    let split = splits[Round(regency: vote.epoch.regency, instance: vote.instance)],
                    split.side.contains(outgoing[place].receiver), vote.digest == split.told,
                    let other = context.vote(message, for: split.variantDigest)
                else { continue }
                outgoing[place].message = other
                context.acts += 1
            default: continue
            }
        }
    }

    /// Decides once for each proposal whether there will be two of it.
    private mutating func split(_ propose: Propose, _ context: inout LiarContext) -> Split? {
        let round = Round(regency: propose.epoch.regency, instance: propose.batch.instance)
        guard seen.insert(round).inserted else { return splits[round] }
        guard context.random.chance(permille: 400) else { return nil }
        let batch = Self.variant(of: propose.batch)
        let split = Split(
            told: context.digest(of: propose.batch), variant: .propose(Propose(epoch: propose.epoch, batch: batch)),
            variantDigest: context.digest(of: batch), side: context.someOthers())
        splits[round] = split
        return split
    }

    /// As valid as the original: without its last request, or a microsecond later.
    private static func variant(of batch: Batch) -> Batch {
        Batch(
            instance: batch.instance, born: batch.born, time: Timestamp(batch.time.rawValue + 1),
            entries: batch.entries.count > 1 ? batch.entries.dropLast() : batch.entries)
    }
}
