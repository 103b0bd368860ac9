// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

/// Says what others would have to remember: votes for instances and regencies that are far away, batches that name as
/// many requests as a message can hold, requests and vouches for what never was; and asks for all that it can be given.
struct ExhaustingMember: Behaviour {
    private static let batchEntries = 16_384

    private var ticks = 0
    private var entries: [BatchEntry] = []

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout BehaviourContext) {
        guard context.isTick else { return }
        ticks += 1
        if entries.isEmpty { entries = (0..<Self.batchEntries).map { _ in entry(&context) } }
        var messages = farVotes(&context)
        if ticks.isMultiple(of: 10) {
            messages += bulk(&context)
            messages += [
                .fetchDecisions(FetchDecisions(first: Instance(1))),
                .fetchCheckpoint(FetchCheckpoint(instance: Instance(1))),
                .fetchRequests(FetchRequests(entries: Array(entries.prefix(2048)))),
            ]
        }
        for message in messages { outgoing += context.others.map { Outgoing(message, to: $0) } }
        context.acts += messages.count
    }

    private func farVotes(_ context: inout BehaviourContext) -> [PeerMessage] {
        (0..<32).flatMap { number -> [PeerMessage] in
            let far = UInt64.random(in: 1...(number.isMultiple(of: 2) ? 600 : 1 << 40), using: &context.random)
            let instance = Instance(context.decided.rawValue + far)
            let regency = Regency(context.epoch.regency.rawValue + UInt64.random(in: 0...3, using: &context.random))
            let epoch = Epoch(view: context.view.number, regency: regency)
            let digest = context.junkDigest()
            return [
                .write(WriteVote(epoch: epoch, instance: instance, digest: digest)),
                context.sealer.seal(.accept(AcceptVote(epoch: epoch, instance: instance, digest: digest))),
                .decided(Decided(view: context.view.number, instance: instance, digest: digest)),
            ]
        }
    }

    private func bulk(_ context: inout BehaviourContext) -> [PeerMessage] {
        let far = Instance(context.decided.rawValue + UInt64.random(in: 1...500, using: &context.random))
        let batch = Batch(
            instance: far, born: context.epoch, time: Timestamp(context.random.next() >> 14), entries: entries)
        let fresh = (0..<4096).map { _ in entry(&context) }
        let body = context.junk(64 << 10)
        let forwards = fresh.prefix(16).map { entry in
            ForwardedRequest(
                request: Request(
                    id: entry.id, kind: .operation, repliesKeptFrom: SequenceNumber(1), payload: body),
                isVouched: true, proof: nil)
        }
        return [
            .propose(Propose(epoch: context.epoch, batch: batch)),
            .batchBody(BatchBody(batch: batch, bodies: Array(repeating: nil, count: entries.count))),
            .vouches(Vouches(entries: fresh)), .forwarded(forwards),
        ]
    }

    /// The name of a request that no client ever made.
    private func entry(_ context: inout BehaviourContext) -> BatchEntry {
        let client = ClientID(PublicKey(words: context.junkDigest().words))
        let session = SessionID(instance: Instance(1), place: UInt32.random(in: 0...100, using: &context.random))
        return BatchEntry(
            id: RequestID(client: client, session: session, sequence: SequenceNumber(1)), digest: context.junkDigest())
    }
}
