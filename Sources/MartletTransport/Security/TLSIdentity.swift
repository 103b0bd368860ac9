// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import Crypto
package import MartletTypes
package import NIOSSL

/// Why an identity could not be made: the seed is no key, or TLS refuses it.
package struct TLSIdentityError: Error, Hashable, CustomStringConvertible {
    package let description: String
}

/// Who we are towards our peers: an Ed25519 key, and the certificate made from it at start. The certificate says nothing
/// but the key; that its sender holds the private half is proved by the TLS handshake.
package struct TLSIdentity: Sendable {
    package let publicKey: PublicKey
    package let context: NIOSSLContext

    init(publicKey: PublicKey, context: NIOSSLContext) {
        self.publicKey = publicKey
        self.context = context
    }

    /// `seed` is the private key: 32 bytes.
    package init(seed: Bytes) throws(TLSIdentityError) {
        let key: Curve25519.Signing.PrivateKey
        do {
            key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        } catch {
            throw TLSIdentityError(description: "an Ed25519 seed has 32 bytes, not \(seed.count)")
        }
        try self.init(key: key)
    }

    package init(key: Curve25519.Signing.PrivateKey) throws(TLSIdentityError) {
        guard let words = Words32(bytes: Bytes(key.publicKey.rawRepresentation)) else {
            throw TLSIdentityError(description: "an Ed25519 public key has 32 bytes")
        }
        publicKey = PublicKey(words: words)
        do {
            context = try NIOSSLContext(configuration: Self.configuration(of: key))
        } catch {
            throw TLSIdentityError(description: "TLS does not take this key: \(error)")
        }
    }

    /// The same for both ends: TLS 1.3 and Ed25519 only, and a certificate is asked for. Whether the key in it will do
    /// is judged by `PeerKeyCheck`, which takes the place of any certificate authority.
    private static func configuration(of key: Curve25519.Signing.PrivateKey) throws -> TLSConfiguration {
        let certificate = try NIOSSLCertificate(bytes: KeyCertificate.encoded(for: key), format: .der)
        let privateKey = try NIOSSLPrivateKey(bytes: KeyCertificate.encodedPrivateKey(key), format: .der)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(certificate)], privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv13
        configuration.maximumTLSVersion = .tlsv13
        configuration.certificateVerification = .noHostnameVerification
        configuration.trustRoots = .certificates([])
        configuration.signingSignatureAlgorithms = [.ed25519]
        configuration.verifySignatureAlgorithms = [.ed25519]
        configuration.curves = [.x25519]
        return configuration
    }
}
