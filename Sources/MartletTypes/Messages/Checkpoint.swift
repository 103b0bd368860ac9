// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A replica's signed word that its state after `instance` has this digest.
package struct CheckpointVote: Hashable, Sendable {
    package let view: ViewNumber
    package let instance: Instance
    package let digest: Digest
    package var signature: Signature

    package init(view: ViewNumber, instance: Instance, digest: Digest, signature: Signature = .absent) {
        self.view = view
        self.instance = instance
        self.digest = digest
        self.signature = signature
    }
}

/// A quorum's checkpoint votes: makes the checkpoint stable.
package struct CheckpointCertificate: Hashable, Sendable {
    package let view: ViewNumber
    package let instance: Instance
    package let digest: Digest
    package let shares: [SignatureShare]

    package init(view: ViewNumber, instance: Instance, digest: Digest, shares: [SignatureShare]) {
        self.view = view
        self.instance = instance
        self.digest = digest
        self.shares = shares
    }
}

/// A stable checkpoint with the whole state: the manifest has the certificate's digest, and each chunk that of its place there.
package struct CheckpointState: Hashable, Sendable {
    package let certificate: CheckpointCertificate
    package let checkpoint: HashedCheckpoint

    package init(certificate: CheckpointCertificate, contents: CheckpointContents, manifest: CheckpointManifest) {
        self.certificate = certificate
        checkpoint = HashedCheckpoint(contents: contents, manifest: manifest, digest: certificate.digest)
    }

    package var contents: CheckpointContents { checkpoint.contents }
}
