// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What shows to anyone who trusts a group's genesis that a quorum of its members signed a checkpoint: all views since then, and the
/// signatures.
package struct CheckpointProof: Hashable, Sendable {
    package let genesis: Genesis
    /// Of all views from the second on, one after the other, up to the one that signed.
    package let chain: [ViewCertificate]
    package let certificate: CheckpointCertificate

    package init(genesis: Genesis, chain: [ViewCertificate], certificate: CheckpointCertificate) {
        self.genesis = genesis
        self.chain = chain
        self.certificate = certificate
    }
}
