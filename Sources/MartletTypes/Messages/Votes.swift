// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// The second phase's vote. Proved by its channel only.
package struct WriteVote: Hashable, Sendable {
    package let epoch: Epoch
    package let instance: Instance
    package let digest: Digest

    package init(epoch: Epoch, instance: Instance, digest: Digest) {
        self.epoch = epoch
        self.instance = instance
        self.digest = digest
    }
}

/// The third phase's vote. Counts by its channel; its signature is checked only when a certificate is needed.
package struct AcceptVote: Hashable, Sendable {
    package let epoch: Epoch
    package let instance: Instance
    package let digest: Digest
    package var signature: Signature

    package init(epoch: Epoch, instance: Instance, digest: Digest, signature: Signature = .absent) {
        self.epoch = epoch
        self.instance = instance
        self.digest = digest
        self.signature = signature
    }
}

/// Says that the sender has decided; f+1 of them let another decide. Not transferable.
package struct Decided: Hashable, Sendable {
    package let view: ViewNumber
    package let instance: Instance
    package let digest: Digest

    package init(view: ViewNumber, instance: Instance, digest: Digest) {
        self.view = view
        self.instance = instance
        self.digest = digest
    }
}

/// One signer's part of a certificate.
package struct SignatureShare: Hashable, Sendable {
    package let replica: ReplicaID
    package let signature: Signature

    package init(replica: ReplicaID, signature: Signature) {
        self.replica = replica
        self.signature = signature
    }
}

/// Signed ACCEPTs of one (epoch, instance, digest). Proves a decision when the signatures are valid and their makers
/// are a quorum of that epoch's view.
package struct DecisionCertificate: Hashable, Sendable {
    package let epoch: Epoch
    package let instance: Instance
    package let digest: Digest
    package let shares: [SignatureShare]

    package init(epoch: Epoch, instance: Instance, digest: Digest, shares: [SignatureShare]) {
        self.epoch = epoch
        self.instance = instance
        self.digest = digest
        self.shares = shares
    }
}
