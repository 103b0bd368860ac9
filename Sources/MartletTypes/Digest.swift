// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Bytes as they travel and as a state machine sees them.
public typealias Bytes = [UInt8]

/// A SHA-256 digest: 32 bytes held as four words, most significant byte first, so that it is cheap to copy and compare.
public struct Digest: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let words: Words32

    package init(words: Words32) { self.words = words }

    /// No digest: the value before anything was hashed.
    public static let zero = Digest(words: .zero)

    public static func < (left: Digest, right: Digest) -> Bool { left.words < right.words }

    /// The first eight hexadecimal digits: enough to tell two digests apart in a log.
    public var description: String { String(hexadecimal.prefix(8)) }
    public var hexadecimal: String { words.hexadecimal }

    /// Reads 64 hexadecimal digits; nil for anything else.
    public init?(hexadecimal: String) {
        guard let words = Words32(hexadecimal: hexadecimal) else { return nil }
        self.init(words: words)
    }
}

/// The public part of an Ed25519 key: the identity of every principal (replica, client, administrator).
public struct PublicKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let words: Words32

    package init(words: Words32) { self.words = words }

    public static func < (left: PublicKey, right: PublicKey) -> Bool { left.words < right.words }

    /// All 64 hexadecimal digits, the form in which keys are written in files.
    public var description: String { words.hexadecimal }

    /// Reads 64 hexadecimal digits; nil for anything else.
    public init?(hexadecimal: String) {
        guard let words = Words32(hexadecimal: hexadecimal) else { return nil }
        self.words = words
    }
}

/// A client is its key: nobody can take another's name.
public struct ClientID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let key: PublicKey
    public init(_ key: PublicKey) { self.key = key }
    public static func < (left: ClientID, right: ClientID) -> Bool { left.key < right.key }
    public var description: String { String(key.description.prefix(8)) }
}

/// An Ed25519 signature, 64 bytes. `.absent` stands in a message that is not sealed yet.
package struct Signature: Hashable, Sendable {
    package let first: Words32
    package let second: Words32

    package init(first: Words32, second: Words32) {
        self.first = first
        self.second = second
    }

    package static let absent = Signature(first: .zero, second: .zero)
}

/// Four 64-bit words, most significant first: 32 bytes without a heap object. (`InlineArray` is not `Hashable`.)
package struct Words32: Hashable, Comparable, Sendable {
    package let word0: UInt64
    package let word1: UInt64
    package let word2: UInt64
    package let word3: UInt64

    package init(_ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    package static let zero = Words32(0, 0, 0, 0)

    /// Two words suffice: both digests and keys are uniform, and the hasher is seeded per process.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(word0)
        hasher.combine(word1)
    }

    package static func < (left: Words32, right: Words32) -> Bool {
        if left.word0 != right.word0 { return left.word0 < right.word0 }
        if left.word1 != right.word1 { return left.word1 < right.word1 }
        if left.word2 != right.word2 { return left.word2 < right.word2 }
        return left.word3 < right.word3
    }

    /// Nil unless there are exactly 32 bytes.
    package init?(bytes: some RandomAccessCollection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var index = bytes.startIndex
        func word() -> UInt64 {
            var value: UInt64 = 0
            for _ in 0..<8 {
                value = value << 8 | UInt64(bytes[index])
                index = bytes.index(after: index)
            }
            return value
        }
        words = (word(), word(), word(), word())
        self.init(words.0, words.1, words.2, words.3)
    }

    package var bytes: Bytes {
        var result = Bytes()
        result.reserveCapacity(32)
        for word in [word0, word1, word2, word3] {
            for shift in stride(from: 56, through: 0, by: -8) {
                result.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return result
    }
}

extension Words32 {
    package init?(hexadecimal: String) {
        let digits = Array(hexadecimal.utf8)
        guard digits.count == 64 else { return nil }
        var bytes = Bytes()
        bytes.reserveCapacity(32)
        for place in stride(from: 0, to: 64, by: 2) {
            guard let high = Self.value(ofDigit: digits[place]), let low = Self.value(ofDigit: digits[place + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        self.init(bytes: bytes)
    }

    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func value(ofDigit digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
