// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Bytes as people can read them.
enum PrintableBytes {
    /// The text when the bytes are text without control characters; nil otherwise.
    static func text(_ bytes: Bytes) -> String? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let isPrintable = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) }
        return isPrintable ? text : nil
    }

    /// The text, or the hexadecimal digits after `0x`.
    static func shown(_ bytes: Bytes) -> String { text(bytes) ?? "0x" + hexadecimal(bytes) }

    static func hexadecimal(_ bytes: Bytes) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// A string, or an object with the hexadecimal digits.
    static func json(_ bytes: Bytes?) -> JSONValue {
        guard let bytes else { return .null }
        return text(bytes).map { .text($0) } ?? .object(["hex": .text(hexadecimal(bytes))])
    }
}
