// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Messages in the words of protocol descriptions.
enum TraceText {
    static func text(_ message: PeerMessage) -> String {
        switch message {
        case .propose(let it):
            "PROPOSE \(it.epoch) i\(it.batch.instance) born \(it.batch.born), \(it.batch.entries.count) requests"
        case .write(let it): "WRITE \(it.epoch) i\(it.instance) \(it.digest)"
        case .accept(let it): "ACCEPT \(it.epoch) i\(it.instance) \(it.digest)"
        case .decided(let it): "DECIDED i\(it.instance) \(it.digest)"
        case .stop(let it): "STOP \(it.regency) (\(it.reason))"
        case .stopData(let it): text(it)
        case .sync(let it): "SYNC \(it.epoch) of \(it.collected.map { text($0) }.joined(separator: " | "))"
        case .checkpoint(let it): "CHECKPOINT i\(it.instance) \(it.digest)"
        case .forwarded(let it):
            "FORWARD \(it.map { "\($0.request.id)\($0.isVouched ? " vouched" : "")" }.joined(separator: ", "))"
        case .vouches(let it): "VOUCH \(it.entries.map { "\($0.id)" }.joined(separator: ", "))"
        case .fetchRequests(let it): "FETCH requests \(it.entries.map { "\($0.id)" }.joined(separator: ", "))"
        case .fetchBatch(let it): "FETCH batch i\(it.instance) \(it.digest)"
        case .batchBody(let it): "BATCH i\(it.batch.instance) born \(it.batch.born)"
        case .fetchDecisions(let it): "FETCH decisions from i\(it.first)"
        case .decisions(let it):
            "DECISIONS \(it.decisions.map { "i\($0.body.batch.instance)" }.joined(separator: ", "))"
        case .fetchCheckpoint(let it): "FETCH checkpoint from i\(it.instance)"
        case .checkpointOffer(let it): "OFFER checkpoint i\(it.instance) \(it.digest)"
        case .fetchManifest(let it): "FETCH manifest i\(it.instance) \(it.digest)"
        case .manifest(let it): "MANIFEST i\(it.checkpoint.instance), \(it.manifest.digests.count) chunks"
        case .fetchChunks(let it):
            "FETCH chunks i\(it.checkpoint.instance) \(it.positions.map { "\($0)" }.joined(separator: ", "))"
        case .chunk(let it): "CHUNK i\(it.checkpoint.instance) \(it.position), \(it.bytes.count) bytes"
        case .probe(let it): "PROBE #\(it.sequence)"
        case .probeEcho(let it): "PROBE-ECHO #\(it.sequence)"
        case .challenge(let it): "CHALLENGE \(text(it.subject)) \(it.number)"
        case .operation(let it): "OPERATION \(it.request.id)"
        case .challengeResponse(let it): "RESPONSE \(it.number)\(it.digest.map { " to \($0)" } ?? "")"
        case .install(let it): "INSTALL view \(it.next.number) after i\(it.last)"
        case .fetchViews(let it): "FETCH views after \(it.after)"
        case .views(let it): text(it)
        case .progress(let it):
            "PROGRESS \(it.epoch)\(it.isSynced ? "" : " unsynced") decided i\(it.decided) stable i\(it.stableCheckpoint)"
                + (it.asksForHelp ? ", asks for help" : "")
        }
    }

    private static func text(_ subject: Challenge.Subject) -> String {
        switch subject {
        case .vote: "beside a vote"
        case .proposal(_, let instance): "behind proposal i\(instance)"
        case .dummyProposal(let padding): "dummy proposal of \(padding.count) bytes"
        }
    }

    private static func text(_ part: ViewChainPart) -> String {
        "VIEWS \(part.certificates.map { "\($0.next.number) after i\($0.last)" }.joined(separator: ", "))"
    }

    static func text(_ data: StopData) -> String {
        let claims = data.claims.map { claim in
            let lock = claim.lock.map { "lock \($0.regency):\($0.digest)" } ?? "no lock"
            return
                "i\(claim.instance) \(lock) wrote \(claim.writeSet.map { "\($0.regency):\($0.digest)" }.joined(separator: ","))"
        }
        return "STOPDATA \(data.epoch) r\(data.sender) base i\(data.provenBase) [\(claims.joined(separator: "; "))]"
    }

    static func text(_ message: ClientMessage) -> String {
        switch message {
        case .requests(let bundle):
            "REQUEST \(bundle.requests.map { "\($0.id)" }.joined(separator: ", "))"
                + (bundle.signature == nil ? "" : " signed")
        case .read(let request): "READ #\(request.number)"
        case .fetchViews(let it): "FETCH views after \(it.after)"
        case .statusQuery: "STATUS?"
        case .adaptationQuery: "ADAPTATION?"
        case .fetchReceipt(let id): "FETCH receipt of \(id)"
        }
    }

    static func text(_ message: ReplicaToClientMessage) -> String {
        switch message {
        case .reply(let reply): "REPLY \(reply.request) \(text(reply.body)), \(reply.finality)"
        case .readReply(let reply): "READ-REPLY #\(reply.number) version i\(reply.version)"
        case .refusal(let refusal): "REFUSAL \(refusal.request): \(refusal.reason)"
        case .status: "STATUS"
        case .adaptation: "ADAPTATION"
        case .receipt(let share): "RECEIPT of \(share.request) in i\(share.statement.provenance.instance)"
        case .views(let it): text(it)
        }
    }

    private static func text(_ body: ReplyBody) -> String {
        if case .result(let bytes) = body { "\(ServiceCodec.answer(in: bytes))" } else { "\(body)" }
    }

    static func text(_ verdict: ExecutionVerdict) -> String {
        switch verdict {
        case .execute: "✓"
        case .open(let session, let evicted): "opens \(session)\(evicted.isEmpty ? "" : " evicting \(evicted)")"
        case .reconfigure(let result): "\(result)"
        case .repeated: "again"
        case .refuse(let body): "refused (\(body))"
        }
    }
}
