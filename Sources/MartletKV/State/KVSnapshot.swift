// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// The state of the service after an instance.
///
/// Its first chunk is the header: version of the format (1 byte), the last instance that removed a key (8), how many entries
/// there are (4). The entries follow by ascending key, in chunks that `KVChunking` cuts: key and value, each after its length of 4
/// bytes, and the instance that set it (8).
public struct KVSnapshot: Sendable {
    let state: KVState

    init(_ state: KVState) { self.state = state }

    /// 2: chunks of 12 to 64 KiB. Version 1 had longer ones.
    static var formatVersion: UInt8 { 2 }
    /// Format version, last deletion, count.
    static var headerBytes: Int { 1 + 8 + 4 }
    /// Lengths, version, and a key of one byte.
    static var entryBytesMin: Int { 4 + 1 + 4 + 8 }

    static func entryBytes(key: KVKey, value: Bytes) -> Int { 4 + key.bytes.count + 4 + value.count + 8 }

    var header: Bytes {
        var writer = Writer(capacity: Self.headerBytes)
        writer.write(Self.formatVersion)
        writer.write(state.lastDeletion)
        writer.writeCount(state.entries.count)
        return writer.finish()
    }
}
