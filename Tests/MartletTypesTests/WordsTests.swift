// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@Suite struct WordsTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func hexadecimalAndBytesComeBack(_ seed: UInt64) {
        var generator = Generator(seed: seed)
        let words = Words32(generator.next(), generator.next(), generator.next(), generator.next())
        #expect(Words32(hexadecimal: words.hexadecimal) == words)
        #expect(Words32(hexadecimal: words.hexadecimal.uppercased()) == words)
        #expect(Words32(bytes: words.bytes) == words)
        // Also from a slice whose indices do not begin at 0.
        #expect(Words32(bytes: ([7] + words.bytes)[1...]) == words)
    }

    @Test func theFirstByteIsTheMostSignificant() {
        let words = Words32(0x0102_0304_0506_0708, 0, 0, 0xFF)
        #expect(Array(words.bytes.prefix(8)) == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(words.bytes.last == 0xFF)
        #expect(words.hexadecimal.hasPrefix("0102030405060708"))
        #expect(Digest(words: words).description == "01020304")
    }

    @Test func orderIsThatOfTheBytes() {
        var generator = Generator(seed: 1)
        for _ in 0..<200 {
            // Few values, so that words are often equal.
            let left = Words32(generator.next() % 2, generator.next() % 2, generator.next() % 2, generator.next() % 2)
            let right = Words32(generator.next() % 2, generator.next() % 2, generator.next() % 2, generator.next() % 2)
            #expect((left < right) == left.bytes.lexicographicallyPrecedes(right.bytes))
        }
    }

    @Test(arguments: [
        "", "00", String(repeating: "0", count: 63), String(repeating: "0", count: 65),
        String(repeating: "0", count: 63) + "g", String(repeating: "0", count: 62) + "+1",
        String(repeating: "0", count: 62) + "ü", " " + String(repeating: "0", count: 63),
    ])
    func whatIsNot64DigitsIsNoKey(_ text: String) {
        #expect(Words32(hexadecimal: text) == nil)
        #expect(PublicKey(hexadecimal: text) == nil)
    }

    @Test func otherLengthsAreNoWords() {
        for count in [0, 31, 33] { #expect(Words32(bytes: Bytes(repeating: 1, count: count)) == nil) }
    }
}
