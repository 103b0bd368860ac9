// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

@testable import MartletSimulation

/// One message of each kind, with something in every field and list.
enum PeerMessageSamples {
    private static let digest = Digest(words: Words32(1, 2, 3, 4))
    private static let epoch = Epoch(view: .genesis, regency: Regency(2))

    static func all(_ context: borrowing LiarContext) -> [PeerMessage] {
        let data = stopData(context)
        return [
            .propose(Propose(epoch: epoch, batch: batch)),
            .write(WriteVote(epoch: epoch, instance: Instance(7), digest: digest)),
            context.seal(.accept(AcceptVote(epoch: epoch, instance: Instance(7), digest: digest))),
            .decided(Decided(view: .genesis, instance: Instance(7), digest: digest)),
            .stop(Stop(view: .genesis, regency: Regency(3), reason: .syncTimeout)),
            .stopData(data),
            context.seal(.sync(Sync(epoch: epoch, collected: [data, data]))),
            context.seal(.checkpoint(CheckpointVote(view: .genesis, instance: Instance(8), digest: digest))),
            .forwarded([forward, forward]),
            .vouches(Vouches(entries: batch.entries)),
            .fetchRequests(FetchRequests(entries: batch.entries)),
            .fetchBatch(FetchBatch(instance: Instance(7), digest: digest)),
            .batchBody(BatchBody(batch: batch, bodies: [request, request])),
            .fetchDecisions(FetchDecisions(first: Instance(3))),
            .decisions(Decisions(decisions: [decision, decision])),
            .fetchCheckpoint(FetchCheckpoint(instance: Instance(8))),
            .checkpointOffer(checkpoint),
            .fetchManifest(checkpoint.name),
            .manifest(
                NamedManifest(
                    checkpoint: checkpoint.name,
                    manifest: CheckpointManifest(imageChunks: 1, bytes: 4, digests: [digest, digest]))),
            .fetchChunks(FetchChunks(checkpoint: checkpoint.name, positions: [0, 1])),
            .chunk(CheckpointChunk(checkpoint: checkpoint.name, position: 1, bytes: [1, 2, 3])),
            .progress(
                Progress(
                    epoch: epoch, isSynced: true, mode: .voter, decided: Instance(6), stableCheckpoint: .zero,
                    asksForHelp: false)),
            .probe(Probe(sequence: SequenceNumber(9))),
            .probeEcho(ProbeEcho(sequence: SequenceNumber(9))),
            .challenge(Challenge(.proposal(epoch, Instance(7)), number: 11)),
            .challenge(Challenge(.dummyProposal(padding: [0, 0]), number: 12)),
            .challengeResponse(ChallengeResponse(number: 11, digest: digest)),
            context.seal(.install(Install(view: .genesis, last: Instance(7), next: context.view))),
            .fetchViews(FetchViews(after: ViewNumber(2))),
            .views(
                ViewChainPart(certificates: [
                    ViewCertificate(view: .genesis, last: Instance(7), next: context.view, shares: shares)
                ])),
            context.seal(
                .operation(
                    ReplicaOperation(
                        request: .measure(
                            LatencyReport(proposals: [.zero, .max], votes: [.zero, .missing]), in: .genesis,
                            number: SequenceNumber(3), by: context.key)))),
        ]
    }

    static var request: Request {
        Request(
            id: RequestID(
                client: ClientID(PublicKey(words: Words32(5, 6, 7, 8))),
                session: SessionID(instance: Instance(1), place: 0), sequence: SequenceNumber(3)),
            kind: .operation, repliesKeptFrom: SequenceNumber(1), payload: [9, 9])
    }

    static var batch: Batch {
        let second = RequestID(client: request.id.client, session: request.id.session, sequence: SequenceNumber(4))
        return Batch(
            instance: Instance(7), born: epoch, time: Timestamp(50),
            entries: [BatchEntry(id: request.id, digest: digest), BatchEntry(id: second, digest: digest)])
    }

    private static var shares: [SignatureShare] {
        (0..<3).map { place in
            SignatureShare(
                replica: ReplicaID(UInt16(place)),
                signature: Signature(first: Words32(UInt64(place), 1, 1, 1), second: Words32(2, 2, 2, 2)))
        }
    }

    static var certificate: DecisionCertificate {
        DecisionCertificate(epoch: epoch, instance: Instance(7), digest: digest, shares: shares)
    }

    static var checkpoint: CheckpointCertificate {
        CheckpointCertificate(view: .genesis, instance: Instance(8), digest: digest, shares: shares)
    }

    private static var decision: Decision {
        Decision(body: BatchBody(batch: batch, bodies: [request, nil]), certificate: certificate)
    }

    private static var forward: ForwardedRequest {
        ForwardedRequest(
            request: request, isVouched: true,
            proof: RequestProof(digests: [digest, digest], signature: shares[1].signature))
    }

    private static func stopData(_ context: borrowing LiarContext) -> StopData {
        let pair = RegencyDigest(regency: .first, digest: digest)
        let claims = (9...10).map {
            InstanceClaim(instance: Instance(UInt64($0)), lock: pair, writeSet: [pair])
        }
        let data = PeerMessage.stopData(
            StopData(
                epoch: epoch, sender: context.sealer.replica, base: certificate, checkpoint: checkpoint, claims: claims)
        )
        guard case .stopData(let sealed) = context.seal(data) else { preconditionFailure("it stays STOPDATA") }
        return sealed
    }
}
