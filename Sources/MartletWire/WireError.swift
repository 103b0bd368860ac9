// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Why bytes are no message. Comes from a peer's input, so it is counted and dropped, never trapped on.
package enum WireError: Error, Hashable, Sendable {
    /// The input ends inside a field.
    case truncated
    /// A length or count is above the named limit.
    case limitExceeded(name: String, value: Int, max: Int)
    /// A length or count promises more than the rest of the input can hold.
    case overlong(count: Int, bytesRemaining: Int)
    /// A number that this field cannot have.
    case valueOutOfRange(field: String, value: UInt64)
    /// No such case of the named type.
    case unknownTag(type: String, tag: UInt8)
    /// The format version of a top-level message is not one that this program reads.
    case unknownVersion(UInt8)
    /// The bytes mean something, but are not how it is written: a list out of order, a field that must be empty.
    case notCanonical(String)
    /// A string that is not UTF-8.
    case notText
    /// The value ends before the input does.
    case trailingBytes(Int)
    /// The parts can be read, but no such view or genesis can be, for the reason given.
    case invalid(String)
}

extension WireError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated: "the input ends inside a field"
        case .limitExceeded(let name, let value, let max): "\(name) is \(value), but at most \(max) is allowed"
        case .overlong(let count, let remaining): "\(count) elements cannot stand in the remaining \(remaining) bytes"
        case .valueOutOfRange(let field, let value): "\(field) cannot be \(value)"
        case .unknownTag(let type, let tag): "\(type) has no case \(tag)"
        case .unknownVersion(let version): "format version \(version) is unknown"
        case .notCanonical(let what): "not the canonical form: \(what)"
        case .notText: "a string is not UTF-8"
        case .trailingBytes(let count): "\(count) bytes follow the value"
        case .invalid(let reason): reason
        }
    }
}
