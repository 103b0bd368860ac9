// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import Testing

/// Bytes from a liar: an error or a message, never a trap, never another encoding of a message (protocol §9).
@Suite struct HostileInputTests {
    private static let seeds: Range<UInt64> = 10..<13

    @Test(arguments: Kinds.all)
    func cutAtEveryByteIsAnError(_ kind: Kind) {
        for seed in Self.seeds {
            var generator = Generator(seed: seed)
            let bytes = kind.sample(&generator)
            for end in 0..<bytes.count {
                #expect(throws: WireError.self, "seed \(seed), cut at \(end)") {
                    try kind.recode(Bytes(bytes[..<end]))
                }
            }
        }
    }

    @Test(arguments: Kinds.all)
    func everyChangedByteIsAnErrorOrAnotherMessageThatReadsBack(_ kind: Kind) {
        for seed in Self.seeds {
            var generator = Generator(seed: seed)
            let bytes = kind.sample(&generator)
            for place in bytes.indices {
                for change in [1, 2, 4, 8, 16, 32, 64, 128, 255] as [UInt8] {
                    var changed = bytes
                    changed[place] ^= change
                    check(kind, changed)
                }
            }
        }
    }

    /// Wherever a length may stand, one that promises far more than there is.
    @Test(arguments: Kinds.all)
    func everyLengthBeyondTheInputIsAnError(_ kind: Kind) {
        for seed in Self.seeds {
            var generator = Generator(seed: seed)
            let bytes = kind.sample(&generator)
            guard bytes.count >= 4 else { continue }
            for place in 0...bytes.count - 4 {
                for length in [0xFFFF_FFFF, 0x7FFF_FFFF, 0x0000_4000, 0x0000_0080] as [UInt32] {
                    var changed = bytes
                    for step in 0..<4 { changed[place + step] = UInt8(truncatingIfNeeded: length >> (24 - 8 * step)) }
                    check(kind, changed)
                }
            }
        }
    }

    @Test(arguments: Kinds.all)
    func anythingAfterTheEndIsAnError(_ kind: Kind) {
        var generator = Generator(seed: 20)
        let bytes = kind.sample(&generator)
        #expect(throws: WireError.trailingBytes(1)) { try kind.recode(bytes + [0]) }
        #expect(throws: WireError.trailingBytes(bytes.count)) { try kind.recode(bytes + bytes) }
    }

    @Test(arguments: Kinds.all)
    func noiseIsAnErrorOrAMessage(_ kind: Kind) {
        var generator = Generator(seed: 30)
        for _ in 0..<500 { check(kind, generator.bytes(upTo: 200)) }
        // With the first bytes right, so that the noise gets further in.
        let head = kind.sample(&generator).prefix(2)
        for _ in 0..<500 { check(kind, head + generator.bytes(upTo: 200)) }
    }

    private func check(_ kind: Kind, _ bytes: Bytes) {
        do throws(WireError) {
            let again = try kind.recode(bytes)
            if again != bytes { Issue.record("\(kind.name): two encodings of one value: \(bytes) and \(again)") }
        } catch {
            // A typed error is what is asked for.
        }
    }
}
