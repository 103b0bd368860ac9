// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import Testing

@Suite("Keys and the Ed25519 scheme")
struct SigningKeyTests {
    let scheme = Ed25519Scheme()

    @Test("agrees with the first vector of RFC 8032")
    func vector() throws {
        let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
        let words = try #require(Words32(hexadecimal: seed))
        let key = try #require(SigningKey(seed: words.bytes))
        #expect(key.publicKey.description == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        let signature = scheme.sign([], with: key)
        #expect(
            signature.first.hexadecimal + signature.second.hexadecimal
                == "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                + "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")
        #expect(scheme.isValid(signature, of: [], by: key.publicKey))
    }

    @Test("a signature is valid for its bytes and its key only")
    func roundTrip() {
        let key = SigningKey()
        let signature = scheme.sign([1, 2, 3], with: key)
        #expect(scheme.isValid(signature, of: [1, 2, 3], by: key.publicKey))
        #expect(!scheme.isValid(signature, of: [1, 2, 4], by: key.publicKey))
        #expect(!scheme.isValid(signature, of: [1, 2], by: key.publicKey))
        #expect(!scheme.isValid(signature, of: [1, 2, 3], by: SigningKey().publicKey))
        #expect(!scheme.isValid(.absent, of: [1, 2, 3], by: key.publicKey))
        let swapped = Signature(first: signature.second, second: signature.first)
        #expect(!scheme.isValid(swapped, of: [1, 2, 3], by: key.publicKey))
    }

    @Test("any 32 bytes as a key give an answer, never a trap")
    func hostileKeys() {
        let ones = Words32(.max, .max, .max, .max)
        for words in [Words32.zero, ones, Words32(1 << 56, 0, 0, 0), Words32(0, 0, 0, 0x80)] {
            let signature = Signature(first: words, second: ones)
            #expect(!scheme.isValid(signature, of: [1], by: PublicKey(words: words)))
        }
    }

    @Test("a seed has 32 bytes and makes the same key again")
    func seeds() throws {
        let key = SigningKey()
        #expect(SigningKey(seed: key.seed)?.publicKey == key.publicKey)
        #expect(SigningKey().publicKey != key.publicKey)
        for count in [0, 31, 33, 64] { #expect(SigningKey(seed: Bytes(repeating: 1, count: count)) == nil) }
    }

    @Test("a key never prints its secret")
    func redaction() throws {
        let key = TestGroup.key(0xab)
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] {
            #expect(!text.contains("abababab") && !text.contains("171"))
            #expect(text.contains(key.publicKey.description.prefix(8)))
        }
    }
}
