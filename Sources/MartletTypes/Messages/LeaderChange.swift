// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Why a replica wants the regency to end; for people, and to tell a client that sends to some only from a bad leader.
package enum StopReason: UInt8, Hashable, Sendable, CaseIterable {
    /// A request stayed unordered for two timeouts.
    case requestTimeout = 1
    /// A proposal stayed undecided.
    case instanceTimeout = 2
    /// A proposal could not be voted for because a request's body or its authenticity was missing.
    case requestMissing = 3
    /// The leader of the new regency sent no SYNC.
    case syncTimeout = 4
    /// f+1 others asked.
    case joined = 5
    /// The sender leads this regency, but lost what it would have to know.
    case abdication = 6
    /// The leader proposed different batches for one instance.
    case equivocation = 7
    /// The leader proposed what no correct leader does, whatever it knows.
    case forbiddenProposal = 8
    /// The sender's probes were ordered much later than the links explain.
    case slowLeader = 9
}

/// Asks that `regency` be installed; counts for every lower one of the view too.
package struct Stop: Hashable, Sendable {
    package let view: ViewNumber
    package let regency: Regency
    package let reason: StopReason

    package init(view: ViewNumber, regency: Regency, reason: StopReason) {
        self.view = view
        self.regency = regency
        self.reason = reason
    }
}

/// A digest with the regency it was voted for in: a lock, or an element of a write set with its highest regency.
package struct RegencyDigest: Hashable, Sendable {
    package let regency: Regency
    package let digest: Digest

    package init(regency: Regency, digest: Digest) {
        self.regency = regency
        self.digest = digest
    }
}

/// What a replica says about its votes in one instance.
package struct InstanceClaim: Hashable, Sendable {
    package let instance: Instance
    package let lock: RegencyDigest?
    /// Each digest it sent WRITE for, once, with the highest regency, by ascending digest.
    package let writeSet: [RegencyDigest]

    package init(instance: Instance, lock: RegencyDigest?, writeSet: [RegencyDigest]) {
        self.instance = instance
        self.lock = lock
        self.writeSet = writeSet
    }
}

/// Signed by its sender for the leader of `epoch` (protocol §6).
package struct StopData: Hashable, Sendable {
    /// The epoch that begins.
    package let epoch: Epoch
    package let sender: ReplicaID
    /// Proves the end of the sender's unbroken run of decisions; nil where it can prove none beyond `checkpoint`.
    package let base: DecisionCertificate?
    /// The sender's newest stable checkpoint; nil before the first.
    package let checkpoint: CheckpointCertificate?
    /// By ascending instance. An instance that is not named means no lock and an empty write set.
    package let claims: [InstanceClaim]
    package var signature: Signature

    package init(
        epoch: Epoch, sender: ReplicaID, base: DecisionCertificate?, checkpoint: CheckpointCertificate?,
        claims: [InstanceClaim], signature: Signature = .absent
    ) {
        self.epoch = epoch
        self.sender = sender
        self.base = base
        self.checkpoint = checkpoint
        self.claims = claims
        self.signature = signature
    }

    /// The highest instance that this message proves to be decided along with all before it.
    package var provenBase: Instance { max(base?.instance ?? .zero, checkpoint?.instance ?? .zero) }

    /// Encoded it is not longer.
    package var bytes: Int {
        let shares = (base?.shares.count ?? 0) + (checkpoint?.shares.count ?? 0)
        return 1_024 + 160 * shares + claims.reduce(0) { $0 + 128 + 48 * $1.writeSet.count }
    }
}

/// Signed by the leader of `epoch`, so that others can pass it on: the set S from which everyone computes the outcome.
package struct Sync: Hashable, Sendable {
    /// What is collected is not longer.
    package static let bytesMax = 120 << 20

    package let epoch: Epoch
    package let collected: [StopData]
    package var signature: Signature

    package init(epoch: Epoch, collected: [StopData], signature: Signature = .absent) {
        self.epoch = epoch
        self.collected = collected
        self.signature = signature
    }
}
