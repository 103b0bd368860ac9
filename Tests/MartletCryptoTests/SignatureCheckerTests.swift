// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes
import Testing

@Suite("Remembered signatures")
struct SignatureCheckerTests {
    let key = TestGroup.key(1)
    let scheme = CountingScheme()

    func signed(_ bytes: Bytes) -> Signature { scheme.sign(bytes, with: key) }

    @Test("a valid signature is checked once")
    func once() {
        let checker = SignatureChecker(scheme: scheme, rememberedMax: 4)
        for _ in 0..<3 { #expect(checker.isValid(signed([1]), of: [1], by: key.publicKey)) }
        #expect(scheme.count == 1)
    }

    @Test("what is remembered holds for exactly that statement, signature and key")
    func exact() {
        let checker = SignatureChecker(scheme: scheme, rememberedMax: 4)
        #expect(checker.isValid(signed([1]), of: [1], by: key.publicKey))
        #expect(!checker.isValid(signed([1]), of: [2], by: key.publicKey))
        #expect(!checker.isValid(signed([1]), of: [1, 1], by: key.publicKey))
        #expect(!checker.isValid(signed([2]), of: [1], by: key.publicKey))
        #expect(!checker.isValid(signed([1]), of: [1], by: TestGroup.key(2).publicKey))
    }

    @Test("invalid signatures leave no trace")
    func invalid() {
        let checker = SignatureChecker(scheme: scheme, rememberedMax: 1)
        #expect(checker.isValid(signed([1]), of: [1], by: key.publicKey))
        for byte in 2...9 as ClosedRange<UInt8> { #expect(!checker.isValid(.absent, of: [byte], by: key.publicKey)) }
        #expect(checker.isValid(signed([1]), of: [1], by: key.publicKey))
        #expect(scheme.count == 9)
    }

    @Test("the memory is bounded: the oldest are forgotten, the newest kept")
    func bounded() {
        let checker = SignatureChecker(scheme: scheme, rememberedMax: 2)
        for byte in 1...5 as ClosedRange<UInt8> {
            #expect(checker.isValid(signed([byte]), of: [byte], by: key.publicKey))
        }
        #expect(scheme.count == 5)
        for byte in [3, 4, 5] as [UInt8] {
            #expect(checker.isValid(signed([byte]), of: [byte], by: key.publicKey))
        }
        #expect(scheme.count == 5)
        #expect(checker.isValid(signed([1]), of: [1], by: key.publicKey))
        #expect(scheme.count == 6)
    }

    @Test("without memory every check is made")
    func none() {
        let checker = SignatureChecker(scheme: scheme, rememberedMax: 0)
        for _ in 0..<3 { #expect(checker.isValid(signed([1]), of: [1], by: key.publicKey)) }
        #expect(scheme.count == 3)
    }
}
