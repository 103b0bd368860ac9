// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension CheckpointProof {
    /// Throws when it shows nothing to whoever trusts its genesis. Whether that is to be trusted is for the caller to know.
    package func check() throws(VerificationError) {
        guard VerifierLimits.isInRange(certificate.instance.rawValue, from: 1) else { throw .numberOutOfRange }
        let verifier = Verifier(view: try firstView(), scheme: Ed25519Scheme())
        var rest = chain[...]
        while !rest.isEmpty {
            _ = try verifier.checked(ViewChainPart(certificates: Array(rest.prefix(ViewChainPart.certificatesMax))))
            rest = rest.dropFirst(ViewChainPart.certificatesMax)
        }
        guard verifier.isProof(certificate) else { throw .invalidCertificate(certificate.instance) }
    }

    private func firstView() throws(VerificationError) -> View {
        do {
            return try genesis.firstView(group: Hashing.group(of: genesis))
        } catch {
            throw .numberOutOfRange
        }
    }
}
