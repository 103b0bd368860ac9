// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import MartletTypes
import MartletWire
import NIOSSL
import Testing

@testable import MartletTransport

@Suite("The certificate of a bare key")
struct KeyCertificateTests {
    @Test("carries the key, from 1970 to the end of 9999")
    func contents() throws {
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: Bytes(repeating: 7, count: 32))
        let certificate = try NIOSSLCertificate(bytes: KeyCertificate.encoded(for: key), format: .der)
        #expect(certificate.notValidBefore == 0)
        #expect(certificate.notValidAfter == 253_402_300_799)
        let found = try KeyCertificate.publicKey(
            inSubjectPublicKeyInfo: try certificate.extractPublicKey().toSPKIBytes())
        #expect(try found == identity(7).publicKey)
    }

    @Test("a key of another kind is no key")
    func otherKinds() throws {
        let key = Bytes(P256.Signing.PrivateKey().publicKey.derRepresentation)
        #expect(try KeyCertificate.publicKey(inSubjectPublicKeyInfo: key) == nil)
    }

    @Test("garbage and cut keys are refused, not trusted")
    func garbage() throws {
        let key = try identity(7).publicKey
        let prefix: Bytes = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
        let whole = prefix + key.encoded()
        #expect(try KeyCertificate.publicKey(inSubjectPublicKeyInfo: whole) == key)
        for length in whole.indices {
            #expect(throws: (any Error).self) {
                try KeyCertificate.publicKey(inSubjectPublicKeyInfo: Bytes(whole.prefix(length)))
            }
        }
    }
}
