// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Crypto
package import MartletTypes

/// Ed25519 (RFC 8032), the scheme of every real deployment.
package struct Ed25519Scheme: SignatureScheme {
    package init() {}

    package func sign(_ bytes: Bytes, with key: SigningKey) -> Signature { key.signature(of: bytes) }

    package func isValid(_ signature: Signature, of bytes: Bytes, by key: PublicKey) -> Bool {
        let publicKey: Curve25519.Signing.PublicKey
        do {
            publicKey = try Curve25519.Signing.PublicKey(rawRepresentation: key.words.bytes)
        } catch {
            return false
        }
        return publicKey.isValidSignature(signature.first.bytes + signature.second.bytes, for: bytes)
    }
}
