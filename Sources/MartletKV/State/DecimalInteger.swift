// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// 64-bit signed integers as values hold them: decimal digits, with a minus sign before negative ones, and nothing else;
/// so each integer is written in one way.
enum DecimalInteger {
    static func bytes(of value: Int64) -> Bytes { Bytes(String(value).utf8) }

    /// Nil when the bytes are not what `bytes(of:)` writes.
    static func value(of bytes: Bytes) -> Int64? {
        guard bytes.count <= 20, let value = Int64(String(decoding: bytes, as: UTF8.self)) else { return nil }
        return self.bytes(of: value) == bytes ? value : nil
    }
}
