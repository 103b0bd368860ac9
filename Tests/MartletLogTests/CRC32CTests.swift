// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletTypes
import Testing

@Suite("CRC-32C")
struct CRC32CTests {
    @Test(
        "Known vectors",
        arguments: [
            (Bytes("123456789".utf8), 0xE306_9283), ([], 0), (Bytes(repeating: 0, count: 32), 0x8A91_36AA),
            (Bytes(repeating: 0xFF, count: 32), 0x62A8_AB43), (Bytes(0..<32), 0x46DD_794E),
            (Bytes((0..<32).reversed()), 0x113F_DB5C),
        ] as [(Bytes, UInt32)])
    func vectors(bytes: Bytes, expected: UInt32) {
        #expect(CRC32C.checksum(bytes) == expected)
    }

    @Test("As bit by bit, for every length up to 70, and in two parts")
    func naive() {
        let bytes = Bytes((0..<70).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) })
        for count in 0...bytes.count {
            let part = Bytes(bytes[..<count])
            #expect(CRC32C.checksum(part) == Self.naive(part))
            let (head, rest) = (Bytes(part[..<(count / 3)]), Bytes(part[(count / 3)...]))
            #expect(CRC32C.checksum(rest, seed: CRC32C.checksum(head)) == Self.naive(part))
        }
    }

    private static func naive(_ bytes: Bytes) -> UInt32 {
        ~bytes.reduce(UInt32.max) { remainder, byte in
            (0..<8).reduce(remainder ^ UInt32(byte)) { bits, _ in
                bits & 1 == 1 ? bits >> 1 ^ 0x82F6_3B78 : bits >> 1
            }
        }
    }
}
