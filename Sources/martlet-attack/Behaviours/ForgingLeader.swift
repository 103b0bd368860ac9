// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletKV
import MartletTypes

/// Leading, it puts requests that no client made into its batches, under names of clients that it has seen, altered or
/// new; it offers the bodies and vouches for them. Not leading, it goes on offering and vouching.
struct ForgingLeader: Behaviour {
    private struct Forgery {
        let message: PeerMessage
        let digest: Digest
        let body: ForwardedRequest
    }

    private static let keptMax = 4096

    private var forgeries: [Round: Forgery] = [:]
    private var names: [RequestID] = []

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout BehaviourContext) {
        var bodies: [ForwardedRequest] = []
        for place in outgoing.indices {
            guard let message = outgoing[place].message else { continue }
            if case .propose(let propose) = message, !propose.batch.entries.isEmpty {
                let forgery = forge(propose, &bodies, context)
                outgoing[place].content = .message(forgery.message)
                context.acts += 1
            } else if let (round, _) = message.voted, let forgery = forgeries[round],
                let vote = context.vote(message, for: forgery.digest)
            {
                outgoing[place].content = .message(vote)
            }
        }
        if context.isTick, let name = names.randomElement(using: &context.random) {
            bodies.append(Self.body(of: Self.forgery(of: name, isNew: true)))
            context.acts += 1
        }
        guard !bodies.isEmpty else { return }
        outgoing += context.others.map { Outgoing(.forwarded(bodies), to: $0) }
    }

    mutating func observe(_ message: PeerMessage) {
        guard case .propose(let propose) = message else { return }
        for entry in propose.batch.entries.prefix(2) { remember(entry.id) }
    }

    private mutating func forge(
        _ propose: Propose, _ bodies: inout [ForwardedRequest], _ context: BehaviourContext
    ) -> Forgery {
        let batch = propose.batch
        let round = Round(regency: propose.epoch.regency, instance: batch.instance)
        if let known = forgeries[round] { return known }
        remember(batch.entries[0].id)
        let isNew = batch.instance.rawValue.isMultiple(of: 2)
        let request = Self.forgery(of: batch.entries[0].id, isNew: isNew)
        var entries = batch.entries
        let entry = BatchEntry(id: request.id, digest: Hashing.digest(of: request, group: context.view.group))
        if isNew { entries.append(entry) } else { entries[0] = entry }
        let lie = Batch(instance: batch.instance, born: batch.born, time: batch.time, entries: entries)
        let forgery = Forgery(
            message: .propose(Propose(epoch: propose.epoch, batch: lie)),
            digest: Hashing.digest(of: lie, group: context.view.group), body: Self.body(of: request))
        if forgeries.count >= Self.keptMax { forgeries.removeAll() }
        forgeries[round] = forgery
        bodies.append(forgery.body)
        return forgery
    }

    /// A write that nobody asked for; its key tells it from all that clients write.
    private static func forgery(of id: RequestID, isNew: Bool) -> Request {
        let sequence = isNew ? SequenceNumber(id.sequence.rawValue + 1) : id.sequence
        let opens = id.session == .none
        let operation = KVOperation.put(key: Bytes("forged/\(sequence)".utf8), value: Bytes("forged".utf8))
        return Request(
            id: RequestID(client: id.client, session: id.session, sequence: sequence), kind: opens ? .open : .operation,
            repliesKeptFrom: SequenceNumber(1), payload: opens ? [] : operation.payload)
    }

    private static func body(of request: Request) -> ForwardedRequest {
        ForwardedRequest(request: request, isVouched: true, proof: nil)
    }

    private mutating func remember(_ name: RequestID) {
        names.append(name)
        if names.count > 256 { names.removeFirst(128) }
    }
}
