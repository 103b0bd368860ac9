// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What a simulated client asks of the service. Values written are unique in a world, so that a value tells which
/// operation wrote it.
package enum Operation: Hashable, Sendable {
    case put(key: Int, value: UInt64)
    case get(key: Int)
    /// Adds to the number that stands there, absent counting as 0; answers the new one.
    case add(key: Int, amount: UInt64)
    /// Deletes; the mark only makes it unique.
    case delete(key: Int, mark: UInt64)
    /// Replaces the expected value (nil: absent), or answers which one stands there.
    case swap(key: Int, expected: UInt64?, value: UInt64)
    /// Reads all keys from one up to another, which is not read.
    case scan(from: Int, to: Int)
    /// Puts one value at several keys at once.
    case putAll(keys: [Int], value: UInt64)

    /// What it reads or writes: at least one.
    package var keys: [Int] {
        switch self {
        case .put(let key, _), .get(let key), .add(let key, _), .delete(let key, _), .swap(let key, _, _): [key]
        case .scan(let from, let to): Array(from..<to)
        case .putAll(let keys, _): keys
        }
    }

    /// The same on keys so many higher.
    package func moved(by keys: Int) -> Operation {
        switch self {
        case .put(let key, let value): .put(key: key + keys, value: value)
        case .get(let key): .get(key: key + keys)
        case .add(let key, let amount): .add(key: key + keys, amount: amount)
        case .delete(let key, let mark): .delete(key: key + keys, mark: mark)
        case .swap(let key, let expected, let value): .swap(key: key + keys, expected: expected, value: value)
        case .scan(let from, let to): .scan(from: from + keys, to: to + keys)
        case .putAll(let all, let value): .putAll(keys: all.map { $0 + keys }, value: value)
        }
    }

    package var isRead: Bool {
        switch self {
        case .get, .scan: true
        case .put, .add, .delete, .swap, .putAll: false
        }
    }
}

/// What came of it, as the client understands the answer.
package enum ServiceAnswer: Hashable, Sendable {
    case done
    /// nil: nothing stands there.
    case value(UInt64?)
    /// What stands at each key, in the order of the keys.
    case values([UInt64?])
    /// Not swapped, since this stands there.
    case mismatch(UInt64?)
    /// The service answered something that no operation of the simulation has as its answer.
    case unexpected(Bytes)
}

extension Operation: CustomStringConvertible {
    package var description: String {
        switch self {
        case .put(let key, let value): "put k\(key) \(value)"
        case .get(let key): "get k\(key)"
        case .add(let key, let amount): "add k\(key) \(amount)"
        case .delete(let key, _): "delete k\(key)"
        case .swap(let key, let expected, let value):
            "swap k\(key) \(expected.map { String($0) } ?? "nothing") for \(value)"
        case .scan(let from, let to): "scan k\(from) up to k\(to)"
        case .putAll(let keys, let value): "put \(keys.map { "k\($0)" }.joined(separator: " ")) \(value)"
        }
    }
}

extension ServiceAnswer: CustomStringConvertible {
    package var description: String {
        switch self {
        case .done: "done"
        case .value(let value): value.map { String($0) } ?? "nothing"
        case .values(let values): values.map { $0.map { String($0) } ?? "nothing" }.joined(separator: ", ")
        case .mismatch(let value): "mismatch with \(value.map { String($0) } ?? "nothing")"
        case .unexpected(let bytes): "\(bytes.count) unexpected bytes"
        }
    }
}
