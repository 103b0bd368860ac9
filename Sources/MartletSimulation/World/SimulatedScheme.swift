// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
package import MartletTypes

/// The signatures of one simulated world. Either real Ed25519, or a keyed hash whose secrets nobody can reach: a liar
/// is handed its own sealer and nothing else, so it cannot sign for others however it tries.
package struct SimulatedScheme: SignatureScheme {
    package struct PrivateKey: Sendable {
        package let publicKey: PublicKey
        fileprivate let secret: Secret
    }

    fileprivate enum Secret: Sendable {
        case hashed(UInt64)
        case real(SigningKey)
    }

    /// The secrets by public key; nil where signatures are real.
    private let secrets: [PublicKey: UInt64]?
    private let real = Ed25519Scheme()

    /// Makes the keys of all principals that will ever speak.
    package static func make(
        principals: Int, isReal: Bool, random: inout SeededRandom
    ) -> (scheme: SimulatedScheme, keys: [PrivateKey]) {
        let keys = (0..<principals).map { _ in isReal ? realKey(&random) : hashedKey(&random) }
        guard !isReal else { return (SimulatedScheme(secrets: nil), keys) }
        var secrets: [PublicKey: UInt64] = [:]
        for key in keys {
            if case .hashed(let secret) = key.secret { secrets[key.publicKey] = secret }
        }
        return (SimulatedScheme(secrets: secrets), keys)
    }

    package func sign(_ bytes: Bytes, with key: PrivateKey) -> Signature {
        switch key.secret {
        case .hashed(let secret): Self.code(bytes, secret: secret)
        case .real(let signingKey): real.sign(bytes, with: signingKey)
        }
    }

    package func isValid(_ signature: Signature, of bytes: Bytes, by key: PublicKey) -> Bool {
        guard let secrets else { return real.isValid(signature, of: bytes, by: key) }
        guard let secret = secrets[key] else { return false }
        return Self.code(bytes, secret: secret) == signature
    }

    // MARK: - Keys and codes

    private static func hashedKey(_ random: inout SeededRandom) -> PrivateKey {
        let words = Words32(random.next(), random.next(), random.next(), random.next())
        return PrivateKey(publicKey: PublicKey(words: words), secret: .hashed(random.next()))
    }

    private static func realKey(_ random: inout SeededRandom) -> PrivateKey {
        let seed = Words32(random.next(), random.next(), random.next(), random.next()).bytes
        guard let key = SigningKey(seed: seed) else { preconditionFailure("32 bytes make a key") }
        return PrivateKey(publicKey: key.publicKey, secret: .real(key))
    }

    /// Two chains over the bytes, keyed and mixed: 128 bits are far more than the simulated world could ever hit by
    /// chance, and nobody in it searches.
    private static func code(_ bytes: Bytes, secret: UInt64) -> Signature {
        var first = secret
        var second = SplitMix.mix(secret)
        var word: UInt64 = 0
        for (place, byte) in bytes.enumerated() {
            word = word << 8 | UInt64(byte)
            guard place & 7 == 7 else { continue }
            first = (first ^ word) &* 0x9E37_79B9_7F4A_7C15
            first ^= first >> 29
            second = (second &+ word) &* 0xD1B5_4A32_D192_ED03
            second ^= second >> 31
            word = 0
        }
        first = SplitMix.mix(first ^ word ^ UInt64(bytes.count))
        second = SplitMix.mix(second &+ word &+ first)
        return Signature(first: Words32(first, second, 1, 2), second: Words32(second, first, 3, 4))
    }
}
