// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

/// Answers those who fetch with decisions and checkpoints that nobody signed, and boasts of instances never reached.
struct CertificateForger: Misbehaviour {
    let kind = LiarKind.certificateForger
    private var shares: [SignatureShare] = []

    mutating func observe(_ message: PeerMessage, from sender: ReplicaID) {
        if case .decisions(let decisions) = message, let some = decisions.decisions.first {
            shares = some.certificate.shares
        }
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        for place in outgoing.indices {
            guard context.random.chance(permille: 500), let lie = lie(outgoing[place].message, &context) else {
                continue
            }
            outgoing[place].message = lie
            context.acts += 1
        }
    }

    private func lie(_ message: PeerMessage, _ context: inout LiarContext) -> PeerMessage? {
        switch message {
        case .decisions(let decisions):
            .decisions(Decisions(decisions: decisions.decisions.map { forged($0, &context) }))
        case .checkpointOffer(let offer): .checkpointOffer(forged(offer, &context))
        case .manifest(let named):
            .manifest(
                NamedManifest(
                    checkpoint: named.checkpoint,
                    manifest: CheckpointManifest(
                        imageChunks: named.manifest.imageChunks, bytes: named.manifest.bytes + 1,
                        digests: named.manifest.digests + [context.junkDigest()])))
        case .checkpoint(let vote):
            context.seal(
                .checkpoint(
                    CheckpointVote(view: vote.view, instance: vote.instance, digest: context.junkDigest())))
        case .progress(let progress):
            .progress(
                Progress(
                    epoch: progress.epoch, isSynced: progress.isSynced, mode: progress.mode,
                    decided: progress.decided + 999, stableCheckpoint: progress.stableCheckpoint + 992,
                    asksForHelp: progress.asksForHelp))
        default: nil
        }
    }

    /// A later instance or another state, under the same shares.
    private func forged(_ offer: CheckpointCertificate, _ context: inout LiarContext) -> CheckpointCertificate {
        let isLater = context.random.chance(permille: 500)
        return CheckpointCertificate(
            view: offer.view,
            instance: isLater ? offer.instance + context.view.settings.checkpointPeriod : offer.instance,
            digest: isLater ? offer.digest : context.junkDigest(), shares: offer.shares)
    }

    /// Another batch with shares of the right one, with those of another instance, with one's own for all, or with junk.
    private func forged(_ decision: Decision, _ context: inout LiarContext) -> Decision {
        let batch = decision.body.batch
        let other = Batch(
            instance: batch.instance, born: batch.born, time: Timestamp(batch.time.rawValue + 7),
            entries: batch.entries)
        let digest = context.digest(of: other)
        let certificate = decision.certificate
        let lies: [SignatureShare]
        switch context.random.below(4) {
        case 0: lies = certificate.shares
        case 1: lies = shares
        case 2: lies = own(certificate.epoch, batch.instance, digest, count: certificate.shares.count, context)
        default:
            var junk: [SignatureShare] = []
            for share in certificate.shares {
                junk.append(SignatureShare(replica: share.replica, signature: context.junkSignature()))
            }
            lies = junk
        }
        return Decision(
            body: BatchBody(batch: other, bodies: decision.body.bodies),
            certificate: DecisionCertificate(
                epoch: certificate.epoch, instance: batch.instance, digest: digest, shares: lies))
    }

    /// Its own valid signature, several times.
    private func own(
        _ epoch: Epoch, _ instance: Instance, _ digest: Digest, count: Int, _ context: borrowing LiarContext
    ) -> [SignatureShare] {
        let sealed = context.seal(.accept(AcceptVote(epoch: epoch, instance: instance, digest: digest)))
        guard case .accept(let vote) = sealed else { return [] }
        return (0..<count).map { _ in SignatureShare(replica: context.sealer.replica, signature: vote.signature) }
    }
}
