// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The CRC with Castagnoli's polynomial, reflected: finds every error of up to 32 bits in a row, and others but one in 2³².
/// Software, sixteen bytes a step.
package enum CRC32C {
    private static let polynomial: UInt32 = 0x82F6_3B78

    /// Sixteen tables of 256 entries: what a byte does to the remainder when so many bytes follow it in the same step.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 16 * 256)
        for byte in 0..<256 {
            tables[byte] = (0..<8).reduce(UInt32(byte)) { remainder, _ in
                remainder & 1 == 1 ? remainder >> 1 ^ polynomial : remainder >> 1
            }
        }
        for place in 256..<16 * 256 {
            let before = tables[place - 256]
            tables[place] = before >> 8 ^ tables[Int(before & 0xFF)]
        }
        return tables
    }()

    /// The checksum of what `seed` is the checksum of, followed by these bytes.
    package static func checksum(_ span: RawSpan, seed: UInt32 = 0) -> UInt32 {
        unsafe span.withUnsafeBytes { buffer in
            unsafe tables.withUnsafeBufferPointer { unsafe update(~seed, buffer, $0) ^ .max }
        }
    }

    package static func checksum(_ bytes: Bytes, seed: UInt32 = 0) -> UInt32 {
        checksum(unsafe bytes.span.bytes, seed: seed)
    }

    @unsafe
    private static func update(
        _ start: UInt32, _ buffer: UnsafeRawBufferPointer, _ table: UnsafeBufferPointer<UInt32>
    ) -> UInt32 {
        var remainder = start
        var place = 0
        while place + 16 <= buffer.count {
            let first = unsafe UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            let second = unsafe UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: place + 8, as: UInt64.self))
            remainder = unsafe mixed(first ^ UInt64(remainder), 0x800, table) ^ mixed(second, 0, table)
            place += 16
        }
        while place < buffer.count {
            remainder = unsafe remainder >> 8 ^ table[Int((remainder ^ UInt32(buffer[place])) & 0xFF)]
            place += 1
        }
        return remainder
    }

    /// What eight bytes do to the remainder; `base`: where the table of the last of them begins.
    @unsafe @inline(__always)
    private static func mixed(_ word: UInt64, _ base: Int, _ table: UnsafeBufferPointer<UInt32>) -> UInt32 {
        let low =
            unsafe table[base + 0x700 + Int(word & 0xFF)] ^ table[base + 0x600 + Int(word >> 8 & 0xFF)]
            ^ table[base + 0x500 + Int(word >> 16 & 0xFF)] ^ table[base + 0x400 + Int(word >> 24 & 0xFF)]
        let high =
            unsafe table[base + 0x300 + Int(word >> 32 & 0xFF)] ^ table[base + 0x200 + Int(word >> 40 & 0xFF)]
            ^ table[base + 0x100 + Int(word >> 48 & 0xFF)] ^ table[base + Int(word >> 56)]
        return low ^ high
    }
}
