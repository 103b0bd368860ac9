// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// Makes a state of a snapshot's chunks, one after the other. Only what `KVSnapshot.write` writes is taken, cut as it cuts.
struct KVRestoring {
    private let chunking: KVChunking
    private var lastDeletion = Instance.zero
    private var count = 0
    private var keys: [KVKey] = []
    private var entries: [KVEntry] = []
    private var bytes = KVSnapshot.headerBytes

    init(_ chunking: KVChunking) { self.chunking = chunking }

    mutating func readHeader(_ chunk: Bytes) throws(WireError) {
        (lastDeletion, count) = try unsafe Reader.read(chunk.span.bytes) { (reader) throws(WireError) in
            let version = try reader.uint8()
            guard version == KVSnapshot.formatVersion else { throw .unknownVersion(version) }
            return (try reader.number(Instance.self), Int(try reader.uint32()))
        }
    }

    mutating func read(_ chunk: Bytes, isLast: Bool) throws(WireError) {
        guard !chunk.isEmpty else { throw .truncated }
        var isAtEnd = false
        var chunkBytes = 0
        try unsafe Reader.read(chunk.span.bytes) { (reader) throws(WireError) in
            while reader.remaining > 0 {
                guard !isAtEnd else { throw .notCanonical("a chunk must end where it should") }
                let entryBytes = try readEntry(&reader)
                chunkBytes += entryBytes
                isAtEnd = chunking.ends(after: keys[keys.count - 1], bytes: chunkBytes)
            }
        }
        guard isAtEnd || isLast else { throw .notCanonical("a chunk must not end before it should") }
        bytes += chunkBytes
        guard bytes <= KVLimits.stateBytesMax else {
            throw .limitExceeded(name: "stateBytes", value: bytes, max: KVLimits.stateBytesMax)
        }
    }

    /// Returns how many bytes it has.
    private mutating func readEntry(_ reader: inout Reader) throws(WireError) -> Int {
        let key = KVKey(try reader.bytes(KVWireLimits.keyBytes))
        guard !key.bytes.isEmpty else { throw .valueOutOfRange(field: "keyBytes", value: 0) }
        if let last = keys.last, last >= key { throw .notCanonical("keys must strictly ascend") }
        let value = try reader.bytes(KVWireLimits.valueBytes)
        keys.append(key)
        entries.append(KVEntry(value: value, version: try reader.number(Instance.self)))
        return KVSnapshot.entryBytes(key: key, value: value)
    }

    /// `encodedBytesMax`: what the state may grow to.
    func finish(encodedBytesMax: Int) throws(WireError) -> KVState {
        guard keys.count == count else { throw .notCanonical("there must be as many entries as the header says") }
        return KVState(
            entries: PersistentOrderedMap(ascending: keys, values: entries), lastDeletion: lastDeletion,
            encodedBytes: bytes, encodedBytesMax: encodedBytesMax, chunking: chunking)
    }
}
