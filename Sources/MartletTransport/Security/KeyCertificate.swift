// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import MartletTypes
import SwiftASN1
import X509

/// The X.509 certificate of a bare key. TLS wants one, we only want the key: so everything else in it is constant.
enum KeyCertificate {
    /// From 1970 to the last second that X.509 can write: a key is trusted as long as a view lists it, and no clock
    /// decides that.
    private static let begin = Date(timeIntervalSince1970: 0)
    private static let end = Date(timeIntervalSince1970: 253_402_300_799)

    /// The self-signed certificate in DER. Throws what the library throws, which a valid key gives no reason for.
    static func encoded(for key: Curve25519.Signing.PrivateKey) throws -> Bytes {
        let name = try DistinguishedName { CommonName("martlet") }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(1), publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: begin, notValidAfter: end, issuer: name, subject: name,
            extensions: Certificate.Extensions(),
            issuerPrivateKey: Certificate.PrivateKey(key))
        return try certificate.serializeAsPEM().derBytes
    }

    /// The private key in PKCS #8, the only form in which TLS reads an Ed25519 key.
    static func encodedPrivateKey(_ key: Curve25519.Signing.PrivateKey) throws -> Bytes {
        try Certificate.PrivateKey(key).serializeAsPEM().derBytes
    }

    /// The Ed25519 key in a DER-encoded SubjectPublicKeyInfo; nil for a key of any other kind. Throws if it is no
    /// well-formed SubjectPublicKeyInfo.
    static func publicKey(inSubjectPublicKeyInfo encoded: Bytes) throws -> PublicKey? {
        guard let key = Curve25519.Signing.PublicKey(try Certificate.PublicKey(derEncoded: encoded)) else { return nil }
        return Words32(bytes: Bytes(key.rawRepresentation)).map { PublicKey(words: $0) }
    }
}
