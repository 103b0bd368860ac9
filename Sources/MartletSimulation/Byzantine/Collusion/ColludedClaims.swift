// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletTypes

/// What colluders say in a leader change, and what they forge.
enum ColludedClaims {
    /// Each claims a lock on the story that fewer were told, of the last regency, with a write set to match; where there
    /// was no second story it denies its locks in every other regency.
    static func lie(_ data: StopData, _ conspiracy: Conspiracy, _ context: borrowing LiarContext) -> PeerMessage? {
        let last = Regency(data.epoch.regency.rawValue - 1)
        let denies = data.epoch.regency.rawValue % 2 == 0
        var isLie = false
        var claims: [InstanceClaim] = []
        for claim in data.claims {
            guard let split = newest(conspiracy, claim.instance, before: data.epoch.regency) else {
                isLie = isLie || (denies && claim.lock != nil)
                claims.append(
                    denies ? InstanceClaim(instance: claim.instance, lock: nil, writeSet: claim.writeSet) : claim)
                continue
            }
            let lock = RegencyDigest(regency: last, digest: split.otherDigest)
            var writeSet = [lock]
            if split.told != split.otherDigest { writeSet.append(RegencyDigest(regency: last, digest: split.told)) }
            writeSet.sort { $0.digest < $1.digest }
            claims.append(InstanceClaim(instance: claim.instance, lock: lock, writeSet: writeSet))
            isLie = true
        }
        guard isLie else { return nil }
        return context.seal(
            .stopData(
                StopData(
                    epoch: data.epoch, sender: context.sealer.replica, base: data.base, checkpoint: data.checkpoint,
                    claims: claims)))
    }

    private static func newest(
        _ conspiracy: Conspiracy, _ instance: Instance, before regency: Regency
    ) -> Conspiracy.Split? {
        for round in conspiracy.rounds.reversed() where round.instance == instance && round.regency < regency {
            return conspiracy.splits[round]
        }
        return nil
    }

    /// The same set with its maker's own part telling of nothing, and without a member that the quorum can miss; nil when
    /// nothing follows from such a set.
    static func other(_ sync: Sync, _ context: borrowing LiarContext) -> Sync? {
        var collected = sync.collected
        if let mine = collected.firstIndex(where: { $0.sender == context.sealer.replica }),
            case .stopData(let silent) = context.seal(
                .stopData(
                    StopData(
                        epoch: collected[mine].epoch, sender: collected[mine].sender, base: nil, checkpoint: nil,
                        claims: [])))
        {
            collected[mine] = silent
        }
        for place in collected.indices {
            var fewer = collected
            fewer.remove(at: place)
            if Settlement.settle(fewer, view: context.view) != nil {
                collected = fewer
                break
            }
        }
        guard Settlement.settle(collected, view: context.view) != nil,
            case .sync(let other) = context.seal(.sync(Sync(epoch: sync.epoch, collected: collected)))
        else { return nil }
        return other
    }

    /// The empty batch that the other collected set asks for in place of this one; nil where the two agree.
    static func empties(_ propose: Propose, under sync: Sync, _ view: View) -> Batch? {
        guard case .empty? = Settlement.settle(sync.collected, view: view)?.outcome(of: propose.batch.instance),
            !propose.batch.entries.isEmpty
        else { return nil }
        return Batch(instance: propose.batch.instance, born: propose.epoch, time: .zero, entries: [])
    }

    /// What a client in league gave, or else a request in the name of a client that never made it: another content, or
    /// the next sequence.
    static func forgery(
        for batch: Batch, _ conspiracy: Conspiracy, _ context: inout LiarContext
    ) -> ForwardedRequest {
        if let gift = conspiracy.takeGift() { return ForwardedRequest(request: gift, isVouched: true, proof: nil) }
        let id = context.random.pick(batch.entries).id
        let isOpening = id.session == .none
        let sequence = context.random.chance(permille: 500) ? id.sequence.next : id.sequence
        return ForwardedRequest(
            request: Request(
                id: RequestID(client: id.client, session: id.session, sequence: sequence),
                kind: isOpening ? .open : .operation, repliesKeptFrom: SequenceNumber(isOpening ? 7 : 0),
                payload: isOpening ? [] : [6, 6, 6]), isVouched: true, proof: nil)
    }
}
