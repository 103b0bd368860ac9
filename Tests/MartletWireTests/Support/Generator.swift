// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Seeded randomness (SplitMix64) that likes the ends of ranges: most mistakes live there.
struct Generator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// From `least` to the largest, both ends often.
    mutating func number<Integer: FixedWidthInteger & UnsignedInteger>(from least: Integer = 0) -> Integer {
        switch next() % 8 {
        case 0: least
        case 1: .max
        case 2, 3: Integer.random(in: least...least + 20, using: &self)
        default: Integer.random(in: least ... .max, using: &self)
        }
    }

    mutating func number<Number: DistinctNumber>(_ type: Number.Type, from least: Number.RawValue = 0) -> Number {
        Number(rawValue: number(from: least))
    }

    mutating func bytes(upTo max: Int) -> Bytes {
        (0..<Int.random(in: 0...max, using: &self)).map { _ in UInt8.random(in: 0...255, using: &self) }
    }

    mutating func chance() -> Bool { next() & 1 == 1 }

    mutating func list<Element: Sampled>(_ type: Element.Type, upTo max: Int = 3) -> [Element] {
        (0..<Int.random(in: 0...max, using: &self)).map { _ in Element.sample(&self) }
    }

    /// A list whose keys strictly ascend.
    mutating func ascending<Element: Sampled, Key: Comparable>(
        _ type: Element.Type, upTo max: Int = 3, by key: (Element) -> Key
    ) -> [Element] {
        var result: [Element] = []
        for element in list(type, upTo: max).sorted(by: { key($0) < key($1) }) {
            if let last = result.last, key(last) == key(element) { continue }
            result.append(element)
        }
        return result
    }

    mutating func optional<Value: Sampled>(_ type: Value.Type) -> Value? { chance() ? Value.sample(&self) : nil }

    mutating func words() -> Words32 { Words32(number(), next(), next(), number()) }
}

/// A type of which there is a random value.
protocol Sampled: SendableMetatype {
    static func sample(_ generator: inout Generator) -> Self
}
