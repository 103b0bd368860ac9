// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Leading, it has requests of clients ordered that nobody has listed for a while: of those that were expelled, in sessions that have
/// ended, and openings. Nobody has them, and of a client that is served nobody votes for such a batch; of others they must come to nothing
/// everywhere alike.
struct OutcastLeader: Misbehaviour {
    let kind = LiarKind.outcastLeader
    private var lies: [Round: (told: Digest, message: PeerMessage, digest: Digest)] = [:]
    private var seen: Set<Round> = []
    /// The newest name of each client, and in which batch it stood.
    private var names: [(id: RequestID, instance: Instance)] = []
    private static let idleFor = 12

    mutating func observe(_ message: PeerMessage, from sender: ReplicaID) {
        if case .propose(let propose) = message { note(propose.batch) }
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        for place in outgoing.indices {
            let message = outgoing[place].message
            if case .propose(let propose) = message {
                note(propose.batch)
                guard let lie = lie(propose, &context) else { continue }
                outgoing[place].message = lie
                context.acts += 1
            } else if let vote = message.voted,
                let lie = lies[Round(regency: vote.epoch.regency, instance: vote.instance)],
                lie.told == vote.digest, let other = context.vote(message, for: lie.digest)
            {
                outgoing[place].message = other
            }
        }
    }

    private mutating func note(_ batch: Batch) {
        for entry in batch.entries where entry.id.session.instance <= batch.instance {
            guard entry.id.session != .ofReplicas else { continue }
            if let place = names.firstIndex(where: { $0.id.client == entry.id.client }) {
                names[place] = (entry.id, max(names[place].instance, batch.instance))
            } else if names.count < 64 {
                names.append((entry.id, batch.instance))
            }
        }
    }

    private mutating func lie(_ propose: Propose, _ context: inout LiarContext) -> PeerMessage? {
        let instance = propose.batch.instance
        let round = Round(regency: propose.epoch.regency, instance: instance)
        guard seen.insert(round).inserted else { return lies[round]?.message }
        let administrators = context.view.administration.keys
        let idle = names.filter {
            instance.distance(beyond: $0.instance) > Self.idleFor && !administrators.contains($0.id.client.key)
        }.map(\.id)
        guard !idle.isEmpty, context.random.chance(permille: 400),
            propose.batch.entries.count < context.view.settings.batchRequestsMax
        else { return nil }
        var entries = propose.batch.entries
        let name = context.random.pick(idle)
        let session = context.random.chance(permille: 400) ? SessionID.none : name.session
        let more = SequenceNumber(name.sequence.rawValue + UInt64(context.random.number(in: 0...2_000)))
        entries.append(
            BatchEntry(
                id: RequestID(client: name.client, session: session, sequence: more), digest: context.junkDigest()))
        context.acted(.named("outcasts' requests proposed"))
        let batch = Batch(
            instance: instance, born: propose.batch.born, time: propose.batch.time, entries: entries)
        let message = PeerMessage.propose(Propose(epoch: propose.epoch, batch: batch))
        lies[round] = (context.digest(of: propose.batch), message, context.digest(of: batch))
        return message
    }
}
