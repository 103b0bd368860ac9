// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Crypto
public import MartletTypes

/// The private Ed25519 key of a principal. Whoever holds it acts in that principal's name, so it never prints itself.
public struct SigningKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey
    public let publicKey: PublicKey

    /// A fresh key from the system's source of randomness.
    public init() { self.init(Curve25519.Signing.PrivateKey()) }

    /// The key made from 32 secret bytes; nil for any other number of bytes.
    public init?(seed: Bytes) {
        do {
            self.init(try Curve25519.Signing.PrivateKey(rawRepresentation: seed))
        } catch {
            return nil
        }
    }

    private init(_ key: Curve25519.Signing.PrivateKey) {
        self.key = key
        guard let words = Words32(bytes: Bytes(key.publicKey.rawRepresentation)) else {
            preconditionFailure("an Ed25519 public key has 32 bytes")
        }
        self.publicKey = PublicKey(words: words)
    }

    /// The 32 secret bytes, for key files and for the certificate that a TLS channel shows.
    package var seed: Bytes { Bytes(key.rawRepresentation) }

    package func signature(of bytes: Bytes) -> Signature {
        let raw: Bytes
        do {
            raw = Bytes(try key.signature(for: bytes))
        } catch {
            // Signing with a well-formed key fails only where memory has run out.
            preconditionFailure("Ed25519 signing failed: \(error)")
        }
        guard let first = Words32(bytes: raw.prefix(32)), let second = Words32(bytes: raw.dropFirst(32)) else {
            preconditionFailure("an Ed25519 signature has 64 bytes")
        }
        return Signature(first: first, second: second)
    }
}

extension SigningKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "the private key of \(publicKey)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }
}
