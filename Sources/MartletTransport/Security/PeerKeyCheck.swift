// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import NIOCore
import NIOSSL

/// Judges the certificate of one connection's peer by the key in it, and remembers the key. Bound to the connection's
/// event loop, on which TLS calls it.
///
/// A session that TLS resumes shows no certificate: then no key is known, and the handshake above refuses the connection.
final class PeerKeyCheck {
    /// The only key that will do; nil takes any.
    private let expected: PublicKey?
    /// The key whose possession the peer has proved, once the handshake is over.
    private(set) var key: PublicKey?
    /// Why the peer was turned away, in words for a person.
    private(set) var complaint: String?

    init(expected: PublicKey?) { self.expected = expected }

    func judge(_ chain: [NIOSSLCertificate], answer: EventLoopPromise<NIOSSLVerificationResult>) {
        guard let found = chain.first.flatMap(Self.key) else {
            complaint = "it showed no Ed25519 key"
            return answer.succeed(.failed)
        }
        if let expected, expected != found {
            complaint = "its key is \(found), but \(expected) is expected"
            return answer.succeed(.failed)
        }
        key = found
        answer.succeed(.certificateVerified)
    }

    private static func key(in certificate: NIOSSLCertificate) -> PublicKey? {
        do {
            return try KeyCertificate.publicKey(
                inSubjectPublicKeyInfo: try certificate.extractPublicKey().toSPKIBytes())
        } catch {
            return nil
        }
    }
}
