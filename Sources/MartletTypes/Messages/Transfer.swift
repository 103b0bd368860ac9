// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Asks for the bodies of requests, and for the receiver's word whether it got them from the client itself.
package struct FetchRequests: Hashable, Sendable {
    package let entries: [BatchEntry]
    package init(entries: [BatchEntry]) { self.entries = entries }
}

/// One request passed on by a replica.
package struct ForwardedRequest: Hashable, Sendable {
    package let request: Request
    /// The sender got exactly this from the client itself, or with its valid signature.
    package let isVouched: Bool
    package let proof: RequestProof?

    package init(request: Request, isVouched: Bool, proof: RequestProof?) {
        self.request = request
        self.isVouched = isVouched
        self.proof = proof
    }
}

/// A forwarded request with its digest, its proof checked (nil when there was none or a wrong one).
package struct AdmittedForward: Hashable, Sendable {
    package let admitted: AdmittedRequest
    package let isVouched: Bool

    package init(admitted: AdmittedRequest, isVouched: Bool) {
        self.admitted = admitted
        self.isVouched = isVouched
    }
}

/// The sender got requests with these digests from their clients.
package struct Vouches: Hashable, Sendable {
    package let entries: [BatchEntry]
    package init(entries: [BatchEntry]) { self.entries = entries }
}

package struct FetchBatch: Hashable, Sendable {
    package let instance: Instance
    package let digest: Digest

    package init(instance: Instance, digest: Digest) {
        self.instance = instance
        self.digest = digest
    }
}

/// A batch with its bodies, as it travels; the receiver hashes it (`ResolvedBatch`). A body is absent when the sender
/// found that request void (executed before, or of a session that is gone) and lacks it; nobody may have it, and whoever
/// has decided as much finds it void by itself (protocol §4, exactly once).
package struct BatchBody: Hashable, Sendable {
    package let batch: Batch
    /// One for each entry, in order.
    package let bodies: [Request?]

    package init(batch: Batch, bodies: [Request?]) {
        self.batch = batch
        self.bodies = bodies
    }
}

/// Asks for decisions with certificates from `first` on, as many as fit into one frame.
package struct FetchDecisions: Hashable, Sendable {
    package let first: Instance
    package init(first: Instance) { self.first = first }
}

package struct Decision: Hashable, Sendable {
    package let body: BatchBody
    package let certificate: DecisionCertificate

    package init(body: BatchBody, certificate: DecisionCertificate) {
        self.body = body
        self.certificate = certificate
    }
}

/// A decision whose digests match and whose certificate was found valid.
package struct ProvenDecision: Hashable, Sendable {
    package let batch: ResolvedBatch
    package let certificate: DecisionCertificate

    package init(batch: ResolvedBatch, certificate: DecisionCertificate) {
        self.batch = batch
        self.certificate = certificate
    }
}

/// Decisions of consecutive instances.
package struct Decisions: Hashable, Sendable {
    package let decisions: [Decision]
    package init(decisions: [Decision]) { self.decisions = decisions }
}

/// Asks for the newest stable checkpoint, if it lies at `instance` or above.
package struct FetchCheckpoint: Hashable, Sendable {
    package let instance: Instance
    package init(instance: Instance) { self.instance = instance }
}

/// Where a replica stands; sent now and then, and at once by one that is stuck.
package struct Progress: Hashable, Sendable {
    package let epoch: Epoch
    /// Whether the sender has this epoch's SYNC (always true in the first regency).
    package let isSynced: Bool
    package let mode: ReplicaMode
    /// The end of the sender's unbroken run of decisions.
    package let decided: Instance
    package let stableCheckpoint: Instance
    /// The sender is stuck at decided+1 and asks whoever has decided it to say so.
    package let asksForHelp: Bool

    package init(
        epoch: Epoch, isSynced: Bool, mode: ReplicaMode, decided: Instance, stableCheckpoint: Instance,
        asksForHelp: Bool
    ) {
        self.epoch = epoch
        self.isSynced = isSynced
        self.mode = mode
        self.decided = decided
        self.stableCheckpoint = stableCheckpoint
        self.asksForHelp = asksForHelp
    }
}
