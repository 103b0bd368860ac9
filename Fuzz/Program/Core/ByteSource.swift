// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Choices drawn from a fuzzer's bytes; when they run out, every choice is the first.
struct ByteSource {
    private let bytes: Bytes
    private var position = 0

    init(_ bytes: Bytes) { self.bytes = bytes }

    var isEmpty: Bool { position >= bytes.count }

    mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func number(below bound: Int) -> Int { Int(byte()) % bound }

    mutating func chance(_ part: UInt8) -> Bool { byte() >= 256 - Int(part) }

    mutating func choose<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[number(below: elements.count)]
    }

    /// Each with even chance, by the bits of one byte.
    mutating func subset<Element>(of elements: [Element]) -> [Element] {
        let mask = byte()
        return elements.enumerated().filter { mask >> UInt8($0.offset % 8) & 1 == 1 }.map(\.element)
    }

    /// Near the number or, rarely, anywhere.
    mutating func number(near middle: UInt64) -> UInt64 {
        let byte = byte()
        switch byte {
        case 0..<120: return middle &+ UInt64(byte % 4)
        case 120..<200: return middle &+ UInt64(byte % 24)
        case 200..<245: return middle < 4 ? 1 : middle - UInt64(byte % 4)
        default: return [0, 1, 1 << 20, 1 << 62, (1 << 62) + 1, .max][Int(byte) % 6]
        }
    }
}
