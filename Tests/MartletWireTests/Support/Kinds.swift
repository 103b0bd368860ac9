// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// Every kind of message. A new one is added here; the vectors' test then asks for its frozen bytes.
enum Kinds {
    static let all: [Kind] = peer + client + replicaToClient + documents + parts + records

    static let peer: [Kind] = [
        peer("propose") { .propose(.sample(&$0)) },
        peer("write") { .write(.sample(&$0)) },
        peer("accept") { .accept(.sample(&$0)) },
        peer("decided") { .decided(.sample(&$0)) },
        peer("stop") { .stop(.sample(&$0)) },
        peer("stopData") { .stopData(.sample(&$0)) },
        peer("sync") { .sync(.sample(&$0)) },
        peer("checkpoint") { .checkpoint(.sample(&$0)) },
        peer("forwarded") { .forwarded($0.list(ForwardedRequest.self)) },
        peer("vouches") { .vouches(Vouches(entries: $0.list(BatchEntry.self))) },
        peer("fetchRequests") { .fetchRequests(FetchRequests(entries: $0.list(BatchEntry.self))) },
        peer("fetchBatch") {
            .fetchBatch(FetchBatch(instance: $0.number(Instance.self, from: 1), digest: .sample(&$0)))
        },
        peer("batchBody") { .batchBody(.sample(&$0)) },
        peer("fetchDecisions") { .fetchDecisions(FetchDecisions(first: $0.number(Instance.self))) },
        peer("decisions") { .decisions(Decisions(decisions: $0.list(Decision.self, upTo: 2))) },
        peer("fetchCheckpoint") { .fetchCheckpoint(FetchCheckpoint(instance: $0.number(Instance.self))) },
        peer("checkpointOffer") { .checkpointOffer(.sample(&$0)) },
        peer("fetchManifest") { .fetchManifest(.sample(&$0)) },
        peer("manifest") { .manifest(.sample(&$0)) },
        peer("fetchChunks") { .fetchChunks(.sample(&$0)) },
        peer("chunk") { .chunk(.sample(&$0)) },
        peer("progress") { .progress(.sample(&$0)) },
        peer("probe") { .probe(Probe(sequence: $0.number(SequenceNumber.self))) },
        peer("probeEcho") { .probeEcho(ProbeEcho(sequence: $0.number(SequenceNumber.self))) },
        peer("challenge") { .challenge(.sample(&$0)) },
        peer("challengeResponse") {
            .challengeResponse(ChallengeResponse(number: $0.next(), digest: $0.chance() ? .sample(&$0) : nil))
        },
        peer("install") { .install(.sample(&$0)) },
        peer("fetchViews") { .fetchViews(.sample(&$0)) },
        peer("views") { .views(.sample(&$0)) },
        peer("operation") { .operation(.sample(&$0)) },
    ]

    static let client: [Kind] = [
        Kind("client-requests", ClientMessage.self) { .requests(.sample(&$0)) },
        Kind("client-read", ClientMessage.self) { .read(.sample(&$0)) },
        Kind("client-statusQuery", ClientMessage.self) { _ in .statusQuery },
        Kind("client-adaptationQuery", ClientMessage.self) { _ in .adaptationQuery },
        Kind("client-fetchViews", ClientMessage.self) { .fetchViews(.sample(&$0)) },
        Kind("client-fetchReceipt", ClientMessage.self) { .fetchReceipt(.sample(&$0)) },
        Kind("client-reconfiguration", ClientMessage.self) {
            .requests(RequestBundle(requests: [.reconfiguration(&$0)], signature: $0.optional(Signature.self)))
        },
    ]

    static let replicaToClient: [Kind] = [
        Kind("replica-reply", ReplicaToClientMessage.self) { .reply(.sample(&$0)) },
        Kind("replica-readReply", ReplicaToClientMessage.self) { .readReply(.sample(&$0)) },
        Kind("replica-refusal", ReplicaToClientMessage.self) { .refusal(.sample(&$0)) },
        Kind("replica-status", ReplicaToClientMessage.self) { .status(.sample(&$0)) },
        Kind("replica-adaptation", ReplicaToClientMessage.self) { .adaptation(.sample(&$0)) },
        Kind("replica-views", ReplicaToClientMessage.self) { .views(.sample(&$0)) },
        Kind("replica-receipt", ReplicaToClientMessage.self) { .receipt(.sample(&$0)) },
        Kind("replica-reconfigured", ReplicaToClientMessage.self) {
            .reply(
                Reply(
                    view: $0.number(ViewNumber.self, from: 1), request: .sample(&$0), finality: .final,
                    body: .reconfigured(.sample(&$0))))
        },
    ]

    static let documents: [Kind] = [
        Kind("hello", Hello.self), Kind("helloAnswer", HelloAnswer.self), Kind("genesis", Genesis.self),
        Kind("view", View.self), Kind("accessTable", AccessTable.self),
        Kind("checkpointImage", CheckpointImage.self),
        Kind("checkpointProof", CheckpointProof.self), Kind("receipt", Receipt.self),
    ]

    /// What stands inside others, and is an element of a list.
    static let parts: [Kind] = [
        Kind("part-batch", Batch.self), Kind("part-batchEntry", BatchEntry.self), Kind("part-request", Request.self),
        Kind("part-requestProof", RequestProof.self), Kind("part-forwardedRequest", ForwardedRequest.self),
        Kind("part-signatureShare", SignatureShare.self), Kind("part-instanceClaim", InstanceClaim.self),
        Kind("part-regencyDigest", RegencyDigest.self), Kind("part-stopData", StopData.self),
        Kind("part-decision", Decision.self), Kind("part-sessionRecord", SessionRecord.self),
        Kind("part-openingRecord", OpeningRecord.self), Kind("part-keptReply", KeptReply.self),
        Kind("part-principal", Principal.self), Kind("part-digest", Digest.self),
        Kind("part-viewCertificate", ViewCertificate.self), Kind("part-administratorShare", AdministratorShare.self),
        Kind("part-reconfiguration", Request.self) { .reconfiguration(&$0) },
        Kind("part-accessEntry", AccessTable.Entry.self), Kind("part-accessGrant", AccessChange.Grant.self),
        Kind("part-accessChange", Reconfiguration.self) { .ofClients(&$0) },
    ]

    /// What a replica writes down.
    static let records: [Kind] = [
        Kind("record-incarnation", LogRecord.self) { .incarnation($0.next()) },
        Kind("record-view", LogRecord.self) { .view(.sample(&$0)) },
        Kind("record-entered", LogRecord.self) { .entered(.sample(&$0)) },
        Kind("record-synced", LogRecord.self) { .synced(.sample(&$0)) },
        Kind("record-batch", LogRecord.self) { .batch(.sample(&$0), .sample(&$0)) },
        Kind("record-wrote", LogRecord.self) { .wrote(.sample(&$0)) },
        Kind("record-accepted", LogRecord.self) { .accepted(.sample(&$0)) },
        Kind("record-decided", LogRecord.self) { .decided(.sample(&$0)) },
        Kind("record-stable", LogRecord.self) { .stable(.sample(&$0)) },
    ]

    private static func peer(_ name: String, _ make: @escaping @Sendable (inout Generator) -> PeerMessage) -> Kind {
        Kind("peer-\(name)", PeerMessage.self, make)
    }
}
