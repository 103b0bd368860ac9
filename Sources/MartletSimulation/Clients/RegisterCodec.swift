// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Operations and results of `RegisterMachine` as bytes.
package enum RegisterCodec {
    enum Code: UInt8 {
        case put = 1
        case get = 2
        case add = 3
        case delete = 4
    }

    static let done: Bytes = [1]
    static let malformed: Bytes = [0]

    package static func bytes(of operation: Operation) -> Bytes {
        switch operation {
        case .put(let key, let value): bytes(.put, key, value)
        case .get(let key): bytes(.get, key, 0)
        case .add(let key, let amount): bytes(.add, key, amount)
        case .delete(let key): bytes(.delete, key, 0)
        }
    }

    package static func outcome(of result: Bytes) -> ServiceAnswer {
        if result == done { return .done }
        if result == [2] { return .value(nil) }
        guard result.count == 9, result[0] == 3 else { return .unexpected(result) }
        return .value(number(result[1...]))
    }

    static func result(_ value: UInt64?) -> Bytes {
        guard let value else { return [2] }
        var bytes: Bytes = [3]
        append(value, to: &bytes)
        return bytes
    }

    static func call(from bytes: Bytes) -> (code: Code, key: UInt8, number: UInt64)? {
        guard bytes.count == 10, let code = Code(rawValue: bytes[0]) else { return nil }
        return (code, bytes[1], number(bytes[2...]))
    }

    static func append(_ number: UInt64, to bytes: inout Bytes) {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func bytes(_ code: Code, _ key: Int, _ number: UInt64) -> Bytes {
        var bytes: Bytes = [code.rawValue, UInt8(key)]
        append(number, to: &bytes)
        return bytes
    }
}
