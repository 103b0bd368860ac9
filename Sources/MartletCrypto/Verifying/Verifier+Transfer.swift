// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Batches, decisions and checkpoints that a replica fetched from another.
extension Verifier {
    func checked(_ body: BatchBody) throws(VerificationError) -> ResolvedBatch {
        let batch = body.batch
        try check(batch)
        guard body.bodies.count == batch.entries.count else { throw .bodiesDiffer(batch.instance) }
        for (request, entry) in zip(body.bodies, batch.entries) {
            guard let request else { continue }
            try checkPayload(of: request)
            guard request.id == entry.id, Hashing.digest(of: request, group: group) == entry.digest else {
                throw .bodiesDiffer(batch.instance)
            }
        }
        return ResolvedBatch(batch: batch, digest: Hashing.digest(of: batch, group: group), bodies: body.bodies)
    }

    func checked(_ decisions: Decisions) throws(VerificationError) -> [ProvenDecision] {
        var result: [ProvenDecision] = []
        for decision in decisions.decisions {
            let instance = decision.body.batch.instance
            if let last = result.last, instance != last.batch.batch.instance.next { throw .notConsecutive(instance) }
            result.append(try checked(decision))
        }
        return result
    }

    /// The certificate must be of that very batch: ACCEPTs of one instance prove no other.
    private func checked(_ decision: Decision) throws(VerificationError) -> ProvenDecision {
        let certificate = decision.certificate
        try check(certificate.epoch)
        _ = try known(certificate.epoch.view)
        let batch = try checked(decision.body)
        guard certificate.instance == batch.batch.instance, certificate.digest == batch.digest, isProof(certificate)
        else { throw .invalidCertificate(certificate.instance) }
        return ProvenDecision(batch: batch, certificate: certificate)
    }

    func checked(_ offer: CheckpointCertificate) throws(VerificationError) -> CheckpointCertificate {
        _ = try known(offer.view)
        try check(offer.instance)
        guard isProof(offer) else { throw .invalidCertificate(offer.instance) }
        return offer
    }

    /// What the name stands for, or nothing: the quorum that signed the digest signed all that the manifest says.
    func checked(_ named: NamedManifest) throws(VerificationError) -> NamedManifest {
        guard Hashing.digest(of: named.manifest) == named.checkpoint.digest else {
            throw .manifestDiffers(named.checkpoint.instance)
        }
        return named
    }

    func hashed(_ chunk: CheckpointChunk) -> HashedChunk {
        HashedChunk(chunk: chunk, digest: Hashing.digest(ofChunk: chunk.bytes))
    }
}
