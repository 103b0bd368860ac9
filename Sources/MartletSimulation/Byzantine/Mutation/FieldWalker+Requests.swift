// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Requests, batches, what is fetched, and what clients are told.
extension FieldWalker {
    mutating func walk(_ propose: Propose) -> Propose {
        Propose(epoch: epoch(propose.epoch), batch: walk(propose.batch))
    }

    mutating func walk(_ batch: Batch) -> Batch {
        if case .batch(let whole) = field(.batch(batch), .batch), whole != batch { return whole }
        return Batch(
            instance: instance(batch.instance), born: epoch(batch.born),
            time: Timestamp(number(batch.time.rawValue, .time)),
            entries: list(batch.entries) { walker, entry in walker.walk(entry) })
    }

    mutating func walk(_ entry: BatchEntry) -> BatchEntry {
        BatchEntry(id: walk(entry.id), digest: digest(entry.digest))
    }

    mutating func walk(_ id: RequestID) -> RequestID {
        RequestID(client: client(id.client), session: walk(id.session), sequence: sequence(id.sequence))
    }

    private mutating func walk(_ session: SessionID) -> SessionID {
        SessionID(
            instance: instance(session.instance),
            place: UInt32(truncatingIfNeeded: number(UInt64(session.place), .place)))
    }

    mutating func sequence(_ sequence: SequenceNumber) -> SequenceNumber {
        SequenceNumber(number(sequence.rawValue, .sequence))
    }

    mutating func walk(_ request: Request) -> Request {
        if case .request(let whole) = field(.request(request), .request), whole != request { return whole }
        return Request(
            id: walk(request.id),
            kind: choice(request.kind, among: [.open, .operation, .orderedRead, .measure, .rejoin]),
            repliesKeptFrom: sequence(request.repliesKeptFrom), payload: bytes(request.payload, .payload))
    }

    mutating func walk(_ forward: ForwardedRequest) -> ForwardedRequest {
        ForwardedRequest(
            request: walk(forward.request), isVouched: flag(forward.isVouched),
            proof: optional(forward.proof) { walker, proof in
                RequestProof(
                    digests: walker.list(proof.digests) { walker, digest in walker.digest(digest) },
                    signature: walker.signature(proof.signature))
            })
    }

    // MARK: What is fetched

    mutating func walk(_ fetch: FetchBatch) -> FetchBatch {
        FetchBatch(instance: instance(fetch.instance), digest: digest(fetch.digest))
    }

    mutating func walk(_ body: BatchBody) -> BatchBody {
        BatchBody(
            batch: walk(body.batch),
            bodies: list(body.bodies) { walker, request in
                walker.optional(request) { walker, request in walker.walk(request) }
            })
    }

    mutating func walk(_ decision: Decision) -> Decision {
        Decision(body: walk(decision.body), certificate: walk(decision.certificate))
    }

    // MARK: What clients are told

    mutating func walk(_ reply: Reply) -> Reply {
        var finality = reply.finality
        switch finality {
        case .final:
            let isOther = flag(false)
            if isOther {
                finality = .tentative(epoch: Epoch(view: reply.view, regency: .first), instance: Instance(1))
            }
        case .tentative(let epoch, let instance):
            finality = .tentative(epoch: self.epoch(epoch), instance: self.instance(instance))
        }
        return Reply(view: view(reply.view), request: walk(reply.request), finality: finality, body: walk(reply.body))
    }

    private mutating func walk(_ body: ReplyBody) -> ReplyBody {
        let kinds: [ReplyBody] = [.sessionUnknown, .sequenceTooOld, .replyForgotten, .openingStale]
        let chosen = choice(body, among: [body] + kinds)
        guard chosen == body else { return chosen }
        return switch body {
        case .result(let result): .result(bytes(result, .payload))
        case .opened(let session): .opened(walk(session))
        default: body
        }
    }

    mutating func walk(_ reply: ReadReply) -> ReadReply {
        ReadReply(
            view: view(reply.view), number: number(reply.number, .sequence), version: instance(reply.version),
            result: bytes(reply.result, .payload))
    }

    mutating func walk(_ refusal: Refusal) -> Refusal {
        Refusal(request: walk(refusal.request), reason: choice(refusal.reason, among: RefusalReason.allCases))
    }
}
