// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Leading, it proposes requests that no client made, or alters some, vouches for them and votes for them; or it pads a batch
/// with what will not be executed, up to what it may list or beyond.
struct ForgingLeader: Misbehaviour {
    let kind = LiarKind.forgingLeader
    private var forged: [Round: (told: Digest, message: PeerMessage, digest: Digest)] = [:]
    private var seen: Set<Round> = []
    /// Bodies that it has seen, to make others of: the newest of each client.
    private var known: [Request] = []

    mutating func observe(_ message: PeerMessage, from sender: ReplicaID) {
        guard case .forwarded(let forwards) = message else { return }
        for forward in forwards.prefix(4) { remember(forward.request) }
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        var bodies: [ForwardedRequest] = []
        for place in outgoing.indices {
            let message = outgoing[place].message
            if case .propose(let propose) = message {
                guard let lie = forge(propose, &bodies, &context) else { continue }
                outgoing[place].message = lie
                context.acts += 1
            } else if let vote = message.voted,
                let lie = forged[Round(regency: vote.epoch.regency, instance: vote.instance)],
                lie.told == vote.digest, let other = context.vote(message, for: lie.digest)
            {
                outgoing[place].message = other
            }
        }
        guard !bodies.isEmpty else { return }
        for other in context.others { outgoing.append(Outgoing(.forwarded(bodies), to: other)) }
    }

    private mutating func forge(
        _ propose: Propose, _ bodies: inout [ForwardedRequest], _ context: inout LiarContext
    ) -> PeerMessage? {
        let round = Round(regency: propose.epoch.regency, instance: propose.batch.instance)
        guard seen.insert(round).inserted else { return forged[round]?.message }
        guard let place = propose.batch.entries.indices.randomPlace(&context.random),
            context.random.chance(permille: 250)
        else { return nil }
        var entries = propose.batch.entries
        if context.random.chance(permille: 200) {
            pad(&entries, &context)
        } else {
            let request = forgery(of: entries[place].id, &context)
            entries[place] = BatchEntry(id: request.id, digest: context.digest(of: request))
            bodies.append(ForwardedRequest(request: request, isVouched: true, proof: nil))
        }
        let batch = Batch(
            instance: propose.batch.instance, born: propose.batch.born, time: propose.batch.time, entries: entries)
        let message = PeerMessage.propose(Propose(epoch: propose.epoch, batch: batch))
        forged[round] = (context.digest(of: propose.batch), message, context.digest(of: batch))
        return message
    }

    private func pad(_ entries: inout [BatchEntry], _ context: inout LiarContext) {
        let room = context.view.batchEntriesMax - entries.count
        let isTooLong = context.random.chance(permille: 500)
        context.acted(.named(isTooLong ? "batches padded beyond the limit" : "batches padded up to the limit"))
        for number in 0..<UInt64(max(0, room) + (isTooLong ? 1 : 0)) {
            entries.append(.probe(SequenceNumber(number), of: context.key))
        }
    }

    /// The same name with another content, or a name that was not used yet.
    private func forgery(of id: RequestID, _ context: inout LiarContext) -> Request {
        let isFresh = context.random.chance(permille: 500)
        let name = RequestID(
            client: id.client, session: id.session,
            sequence: isFresh ? SequenceNumber(id.sequence.rawValue + 1) : id.sequence)
        let payload = known.isEmpty ? [1, 2, 3] : context.random.pick(known).payload.reversed()
        let opens = id.session == .none
        return Request(
            id: name, kind: opens ? .open : .operation, repliesKeptFrom: SequenceNumber(opens ? 1 : 0),
            payload: opens ? [] : Array(payload))
    }

    private mutating func remember(_ request: Request) {
        known.append(request)
        if known.count > 16 { known.removeFirst() }
    }
}

extension Range<Int> {
    fileprivate func randomPlace(_ random: inout SeededRandom) -> Int? {
        isEmpty ? nil : lowerBound + random.below(count)
    }
}
