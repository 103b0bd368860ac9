// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// Encodes a state's entries chunk by chunk, from one that begins a chunk on.
struct KVChunkWalk: ~Copyable {
    private let chunking: KVChunking
    private var entries: PersistentOrderedMap<KVKey, KVEntry>.Iterator
    private var upcoming: (key: KVKey, value: KVEntry)?
    /// Used for all chunks in turn; what is kept of each has no room to spare.
    private var writer: Writer

    /// From the first key that is not below `key`, or from the very first.
    init(_ state: KVState, from key: KVKey?) {
        chunking = state.chunking
        entries = key.map { state.entries.makeIterator(from: $0) } ?? state.entries.makeIterator()
        upcoming = entries.next()
        writer = Writer(capacity: min(4 * chunking.bytesMin, state.encodedBytes))
    }

    /// That which the next chunk begins with; nil at the end.
    var nextKey: KVKey? { upcoming?.key }

    mutating func next() -> Bytes? {
        writer.removeAll()
        while let (key, entry) = upcoming {
            writer.writeBytes(key.bytes)
            writer.writeBytes(entry.value)
            writer.write(entry.version)
            upcoming = entries.next()
            if chunking.ends(after: key, bytes: writer.count) { break }
        }
        return writer.count == 0 ? nil : writer.bytes
    }
}
