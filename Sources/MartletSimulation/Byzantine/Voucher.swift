// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Gives its word for what no client said: other digests under names in use, names not used yet, altered bodies, the
/// proof of one request beside another; asks the others for the like.
struct Voucher: Misbehaviour {
    let kind = LiarKind.voucher
    private static let keptMax = 32
    private var entries: [BatchEntry] = []
    private var forwards: [ForwardedRequest] = []

    mutating func observe(_ message: PeerMessage, from sender: ReplicaID) {
        switch message {
        case .propose(let propose): keep(propose.batch.entries)
        case .vouches(let vouches): keep(vouches.entries)
        case .forwarded(let some):
            forwards.append(contentsOf: some.prefix(4))
            if forwards.count > Self.keptMax { forwards.removeFirst(forwards.count - Self.keptMax) }
        case .decisions(let some):
            for decision in some.decisions.prefix(4) {
                for case let body? in decision.body.bodies.prefix(4) {
                    forwards.append(ForwardedRequest(request: body, isVouched: true, proof: nil))
                }
            }
        default: return
        }
    }

    private mutating func keep(_ some: [BatchEntry]) {
        entries.append(contentsOf: some.prefix(8))
        if entries.count > Self.keptMax { entries.removeFirst(entries.count - Self.keptMax) }
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        for item in outgoing {
            if case .propose(let propose) = item.message { keep(propose.batch.entries) }
        }
        guard context.random.chance(permille: 100), !entries.isEmpty else { return }
        let (message, name) = lie(&context)
        let receivers = context.someOthers()
        for receiver in receivers { outgoing.append(Outgoing(message, to: receiver)) }
        context.acted(.named(name), times: receivers.count)
    }

    private func lie(_ context: inout LiarContext) -> (PeerMessage, String) {
        switch context.random.below(forwards.isEmpty ? 3 : 5) {
        case 0:
            let lies = entries.map { BatchEntry(id: $0.id, digest: context.junkDigest()) }
            return (.vouches(Vouches(entries: lies)), "vouches: other digests")
        case 1:
            let lies = entries.map { entry in
                let ahead = UInt64(context.random.number(in: 1...6))
                let id = RequestID(
                    client: entry.id.client, session: entry.id.session,
                    sequence: SequenceNumber(entry.id.sequence.rawValue + ahead))
                return BatchEntry(id: id, digest: context.junkDigest())
            }
            return (.vouches(Vouches(entries: lies)), "vouches: names not used yet")
        case 2: return (.fetchRequests(FetchRequests(entries: entries + entries)), "asks: requests twice")
        case 3:
            let other = context.random.pick(forwards)
            let lies = forwards.prefix(8).map { forward in
                ForwardedRequest(request: altered(forward.request), isVouched: true, proof: other.proof)
            }
            return (.forwarded(lies), "forwards: altered bodies")
        default:
            let lies = forwards.prefix(8).map { forward in
                ForwardedRequest(
                    request: forward.request, isVouched: true, proof: context.random.pick(forwards).proof)
            }
            return (.forwarded(lies), "forwards: another's proof")
        }
    }

    private func altered(_ request: Request) -> Request {
        Request(
            id: request.id, kind: request.kind, repliesKeptFrom: request.repliesKeptFrom.next,
            payload: Array(request.payload.reversed()))
    }
}
