// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import MartletTypes

/// The X.509 certificate of a bare key. TLS wants one, we only want the key: so everything else in it is constant, and
/// the encoding is a template with two holes, which needs no library for certificates.
enum KeyCertificate {
    /// The self-signed certificate in DER.
    static func encoded(for key: Curve25519.Signing.PrivateKey) throws -> Bytes {
        let name = sequence(set(sequence(commonName + utf8("martlet"))))
        let content = sequence(
            [0xa0, 0x03, 0x02, 0x01, 0x02]  // version 3
                + [0x02, 0x01, 0x01]  // serial number 1
                + algorithm + name
                // From 1970 to the end of time: a key is trusted as long as a view lists it, and no clock decides that.
                + sequence(tagged(0x17, "700101000000Z") + tagged(0x18, "99991231235959Z"))
                + name + publicKeyPrefix + Bytes(key.publicKey.rawRepresentation))
        return sequence(content + algorithm + [0x03, 0x41, 0x00] + Bytes(try key.signature(for: content)))
    }

    /// The private key in PKCS #8, the only form in which TLS reads an Ed25519 key.
    static func encodedPrivateKey(_ key: Curve25519.Signing.PrivateKey) -> Bytes {
        sequence([0x02, 0x01, 0x00] + algorithm + [0x04, 0x22, 0x04, 0x20] + Bytes(key.rawRepresentation))
    }

    /// The Ed25519 key in a DER-encoded SubjectPublicKeyInfo; nil for a key of any other kind.
    static func publicKey(inSubjectPublicKeyInfo encoded: Bytes) -> PublicKey? {
        guard encoded.starts(with: publicKeyPrefix) else { return nil }
        return Words32(bytes: encoded.dropFirst(publicKeyPrefix.count)).map { PublicKey(words: $0) }
    }

    // MARK: Pieces of DER

    /// The algorithm identifier of Ed25519 (RFC 8410).
    private static let algorithm: Bytes = [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70]
    private static let publicKeyPrefix: Bytes = [0x30, 0x2a] + algorithm + [0x03, 0x21, 0x00]
    private static let commonName: Bytes = [0x06, 0x03, 0x55, 0x04, 0x03]

    private static func sequence(_ content: Bytes) -> Bytes { tagged(0x30, content) }
    private static func set(_ content: Bytes) -> Bytes { tagged(0x31, content) }
    private static func utf8(_ text: String) -> Bytes { tagged(0x0c, text) }
    private static func tagged(_ tag: UInt8, _ text: String) -> Bytes { tagged(tag, Bytes(text.utf8)) }

    private static func tagged(_ tag: UInt8, _ content: Bytes) -> Bytes {
        precondition(content.count < 1 << 16, "no part of this certificate is longer")
        let high = UInt8(content.count >> 8)
        let low = UInt8(content.count & 0xff)
        let length: Bytes = content.count < 0x80 ? [low] : high == 0 ? [0x81, low] : [0x82, high, low]
        return [tag] + length + content
    }
}
