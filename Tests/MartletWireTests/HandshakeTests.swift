// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire
import Testing

@Suite struct HandshakeTests {
    @Test(
        arguments: [
            (1, 3, 2, 5, 3), (2, 5, 1, 3, 3), (1, 1, 1, 1, 1), (1, 2, 3, 4, nil), (3, 4, 1, 2, nil), (1, 9, 4, 4, 4),
        ] as [(UInt16, UInt16, UInt16, UInt16, UInt16?)])
    func theHighestCommonVersionIsSpoken(
        _ lowA: UInt16, _ highA: UInt16, _ lowB: UInt16, _ highB: UInt16, _ agreed: UInt16?
    ) {
        let one = ProtocolVersions(lowest: lowA, highest: highA)
        #expect(one.agreed(with: ProtocolVersions(lowest: lowB, highest: highB)) == agreed)
    }

    @Test func anEmptyRangeOfVersionsIsRefused() {
        #expect(throws: WireError.valueOutOfRange(field: "highest version", value: 1)) {
            try ProtocolVersions(decoding: [0, 2, 0, 1])
        }
        #expect(throws: WireError.valueOutOfRange(field: "lowest version", value: 0)) {
            try ProtocolVersions(decoding: [0, 0, 0, 1])
        }
    }

    @Test func aLongRefusalIsCutAtAWholeCharacter() throws {
        let answer = HelloAnswer.refused(.accessDenied, String(repeating: "ü", count: 200))
        guard case .refused(_, let text) = try HelloAnswer(decoding: answer.encoded()) else {
            Issue.record("not a refusal")
            return
        }
        #expect(text == String(repeating: "ü", count: 127))
    }

    @Test func everyHandshakeFitsItsFrame() {
        for seed in 0..<50 as Range<UInt64> {
            var generator = Generator(seed: seed)
            #expect(Hello.sample(&generator).encoded().count <= Limits.handshakeBytes.max)
        }
        let longest = HelloAnswer.refused(.accessDenied, String(repeating: "x", count: 300))
        #expect(longest.encoded().count <= Limits.handshakeBytes.max)
    }
}
