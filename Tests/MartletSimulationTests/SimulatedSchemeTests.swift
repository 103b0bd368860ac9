// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@Suite("Simulated signatures")
struct SimulatedSchemeTests {
    @Test("A signature holds for its key and its bytes only", arguments: [false, true])
    func validity(isReal: Bool) {
        var random = SeededRandom(seed: 11)
        let (scheme, keys) = SimulatedScheme.make(principals: 2, isReal: isReal, random: &random)
        let bytes: Bytes = Array("a vote for something".utf8)
        let signature = scheme.sign(bytes, with: keys[0])
        #expect(scheme.isValid(signature, of: bytes, by: keys[0].publicKey))
        #expect(!scheme.isValid(signature, of: bytes, by: keys[1].publicKey))
        for place in bytes.indices {
            var altered = bytes
            altered[place] ^= 1
            #expect(!scheme.isValid(signature, of: altered, by: keys[0].publicKey))
        }
        #expect(!scheme.isValid(signature, of: bytes + [0], by: keys[0].publicKey))
        #expect(!scheme.isValid(signature, of: Array(bytes.dropLast()), by: keys[0].publicKey))
        #expect(!scheme.isValid(.absent, of: bytes, by: keys[0].publicKey))
        #expect(!scheme.isValid(signature, of: bytes, by: PublicKey(words: .zero)))
    }
}
