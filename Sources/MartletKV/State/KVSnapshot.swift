// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
package import MartletWire

/// The state of the service after an instance.
public struct KVSnapshot: Sendable {
    let state: KVState

    init(_ state: KVState) { self.state = state }
}

extension KVSnapshot: WireCodable {
    /// Format version, last deletion, count.
    static var headerBytes: Int { 1 + 8 + 4 }
    /// Lengths, version, and a key of one byte.
    static var entryBytesMin: Int { 4 + 1 + 4 + 8 }

    static func entryBytes(key: KVKey, value: Bytes) -> Int { 4 + key.bytes.count + 4 + value.count + 8 }

    package static var encodedBytesMin: Int { headerBytes }
    package var encodedSizeHint: Int { state.encodedBytes }

    package func encode(into writer: inout Writer) {
        writer.write(KVOperation.formatVersion)
        writer.write(state.lastDeletion)
        writer.writeCount(state.entries.count)
        for (key, entry) in state.entries {
            writer.writeBytes(key.bytes)
            writer.writeBytes(entry.value)
            writer.write(entry.version)
        }
    }

    package init(from reader: inout Reader) throws(WireError) {
        let version = try reader.uint8()
        guard version == KVOperation.formatVersion else { throw .unknownVersion(version) }
        let lastDeletion = try reader.number(Instance.self)
        let count = try reader.count(KVWireLimits.entries, elementBytesMin: Self.entryBytesMin)
        var keys: [KVKey] = []
        var entries: [KVEntry] = []
        keys.reserveCapacity(count)
        entries.reserveCapacity(count)
        var bytes = Self.headerBytes
        for _ in 0..<count {
            let key = KVKey(try reader.bytes(KVWireLimits.keyBytes))
            guard !key.bytes.isEmpty else { throw .valueOutOfRange(field: "keyBytes", value: 0) }
            if let last = keys.last, last >= key { throw .notCanonical("keys must strictly ascend") }
            let value = try reader.bytes(KVWireLimits.valueBytes)
            keys.append(key)
            entries.append(KVEntry(value: value, version: try reader.number(Instance.self)))
            bytes += Self.entryBytes(key: key, value: value)
        }
        guard bytes <= KVLimits.stateBytesMax else {
            throw .limitExceeded(name: "stateBytes", value: bytes, max: KVLimits.stateBytesMax)
        }
        self.init(
            KVState(
                entries: PersistentOrderedMap(ascending: keys, values: entries), lastDeletion: lastDeletion,
                encodedBytes: bytes, encodedBytesMax: KVLimits.stateBytesMax))
    }
}
