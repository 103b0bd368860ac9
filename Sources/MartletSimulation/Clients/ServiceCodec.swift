// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletKV
package import MartletTypes

/// The simulated clients' operations in the words of the key-value service.
package enum ServiceCodec {
    /// Every write's bytes are unique in a world: they hold a value that is. A value that is put has so many bytes at least.
    package static func bytes(of operation: Operation, valueBytes: Int = 0) -> Bytes {
        switch operation {
        case .get(let key): KVOperation.get(key: name(key)).payload
        case .put(let key, let value):
            KVOperation.put(key: name(key), value: digits(value, atLeast: valueBytes)).payload
        case .add(let key, let amount): KVOperation.increment(key: name(key), delta: Int64(amount)).payload
        case .delete(let key, let mark):
            KVOperation.batch([.delete(key: name(key)), .put(key: [0], value: digits(mark))]).payload
        case .swap(let key, let expected, let value):
            KVOperation.compareAndSwap(
                key: name(key), expected: expected.map { digits($0) }, replacement: digits(value)
            )
            .payload
        case .scan(let from, let to): KVOperation.scan(KVScan(from: name(from), to: name(to), limit: to - from)).payload
        case .putAll(let keys, let value):
            KVOperation.batch(keys.map { .put(key: name($0), value: digits(value)) }).payload
        }
    }

    /// A scan's answer lists what it found; which keys it was asked for, its operation tells.
    package static func answer(in bytes: Bytes, to operation: Operation) -> ServiceAnswer {
        guard case .scan(let from, let to) = operation else { return answer(in: bytes) }
        do {
            guard case .page(let page) = try KVResult(payload: bytes) else { return .unexpected(bytes) }
            var values: [UInt64?] = Array(repeating: nil, count: to - from)
            for item in page.items {
                guard let key = (from..<to).first(where: { name($0) == item.key }), let value = number(item.value)
                else { return .unexpected(bytes) }
                values[key - from] = value
            }
            let isWhole = page.next == nil && page.items.count == values.count { $0 != nil }
            return isWhole ? .values(values) : .unexpected(bytes)
        } catch {
            return .unexpected(bytes)
        }
    }

    package static func answer(in bytes: Bytes) -> ServiceAnswer {
        let result: KVResult
        do {
            result = try KVResult(payload: bytes)
        } catch {
            return .unexpected(bytes)
        }
        switch result {
        case .done, .swapped: return .done
        case .batch(let results): return results.allSatisfy(isDone) ? .done : .unexpected(bytes)
        case .value(nil): return .value(nil)
        case .value(let value?): return number(value).map { .value($0) } ?? .unexpected(bytes)
        case .integer(let sum): return .value(UInt64(sum))
        case .mismatch(nil): return .mismatch(nil)
        case .mismatch(let value?): return number(value).map { .mismatch($0) } ?? .unexpected(bytes)
        default: return .unexpected(bytes)
        }
    }

    /// Of an operation in a batch.
    private static func isDone(_ result: KVResult) -> Bool {
        switch result {
        case .done, .deleted: true
        default: false
        }
    }

    /// What nobody's operation gives, for liars.
    static let wrong = KVResult.value(digits(9)).payload

    /// In the order of the numbers, which are below 2²⁴.
    private static func name(_ key: Int) -> Bytes {
        let k = UInt8(ascii: "k")
        guard key > 255 else { return [k, UInt8(key)] }
        return [k, 255, UInt8(key >> 16), UInt8(key >> 8 & 255), UInt8(key & 255)]
    }

    /// With zeros before it where it is too short.
    private static func digits(_ value: UInt64, atLeast count: Int = 0) -> Bytes {
        let digits = Bytes(String(value).utf8)
        return Bytes(repeating: UInt8(ascii: "0"), count: max(0, count - digits.count)) + digits
    }

    private static func number(_ digits: Bytes) -> UInt64? { UInt64(String(decoding: digits, as: UTF8.self)) }
}
