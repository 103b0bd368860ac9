// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

/// Leading, it proposes one batch to some and another to the others, and votes on each side for what it told that side.
/// Mostly one member is on the other side, so that the rest can decide; now and then there are two, so that nobody can.
/// Not leading, it votes for what was proposed towards some, and for junk towards the others.
struct EquivocatingLeader: Behaviour {
    private struct Split {
        let told: Digest
        let variant: PeerMessage
        let variantDigest: Digest
        let side: ReplicaSet
    }

    private static let splitsMax = 4096

    private var splits: [Round: Split] = [:]

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout BehaviourContext) {
        for place in outgoing.indices {
            guard let message = outgoing[place].message else { continue }
            let receiver = outgoing[place].receiver
            if case .propose(let propose) = message {
                let split = split(propose, context)
                if split.side.contains(receiver) { outgoing[place].content = .message(split.variant) }
                context.acts += 1
            } else if let (round, digest) = message.voted {
                let lie = splits[round]
                guard
                    let other = lie.map({ $0.side.contains(receiver) ? $0.variantDigest : digest })
                        ?? (receiver.position.isMultiple(of: 2) ? context.junkDigest() : nil),
                    other != digest, let vote = context.vote(message, for: other)
                else { continue }
                outgoing[place].content = .message(vote)
                context.acts += 1
            }
        }
    }

    private mutating func split(_ propose: Propose, _ context: BehaviourContext) -> Split {
        let instance = propose.batch.instance
        let round = Round(regency: propose.epoch.regency, instance: instance)
        if let known = splits[round] { return known }
        let batch = Self.variant(of: propose.batch)
        let others = context.others
        let first = Int(instance.rawValue % UInt64(others.count))
        let count = instance.rawValue % 64 == 63 ? 2 : 1
        let side = (0..<count).map { others[(first + $0) % others.count] }
        let split = Split(
            told: Hashing.digest(of: propose.batch, group: context.view.group),
            variant: .propose(Propose(epoch: propose.epoch, batch: batch)),
            variantDigest: Hashing.digest(of: batch, group: context.view.group), side: ReplicaSet(side))
        if splits.count >= Self.splitsMax { splits.removeAll() }
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
