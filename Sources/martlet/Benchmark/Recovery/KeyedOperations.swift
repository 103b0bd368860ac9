// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletKV
import MartletTypes
import Synchronization

/// Writes to the key-value service: each of so many keys once, then at random.
final class KeyedOperations: Sendable {
    private let keys: Int
    private let valueBytes: Int
    private let count = Atomic(0)

    init(keys: Int, valueBytes: Int) {
        self.keys = keys
        self.valueBytes = valueBytes
    }

    /// How many were made.
    var made: Int { count.load(ordering: .relaxed) }

    func next() -> Bytes {
        let number = count.wrappingAdd(1, ordering: .relaxed).oldValue
        let key = number < keys ? number : Int.random(in: 0..<keys)
        return KVOperation.put(key: Self.key(key), value: value(number)).payload
    }

    /// Keys do not come in their order.
    private static func key(_ number: Int) -> Bytes {
        Bytes("key \(UInt64(number) &* 0x9E37_79B9_7F4A_7C15)".utf8)
    }

    private func value(_ number: Int) -> Bytes {
        var value = Bytes(repeating: UInt8(truncatingIfNeeded: number), count: valueBytes)
        for place in 0..<min(8, valueBytes) { value[place] = UInt8(truncatingIfNeeded: number >> (8 * place)) }
        return value
    }
}
