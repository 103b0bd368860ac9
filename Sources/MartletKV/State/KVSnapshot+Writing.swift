// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

extension KVSnapshot {
    func write(into writer: inout SnapshotWriter<KVSnapshot>) {
        writer.append(header)
        if let previous = writer.previous, previous.chunks.count > 1, previous.snapshot.state.chunking == state.chunking
        {
            write(after: PreviousChunks(previous.chunks), since: previous.snapshot, into: &writer)
        } else {
            var walk = KVChunkWalk(state, from: nil)
            while let chunk = walk.next() { writer.append(chunk) }
        }
    }

    /// From each changed key's chunk on, chunks are cut anew, until one ends where a previous one began that begins with the same
    /// key: what follows is cut alike, up to the next changed key.
    private func write(
        after previous: PreviousChunks, since snapshot: KVSnapshot, into writer: inout SnapshotWriter<KVSnapshot>
    ) {
        /// The previous chunk that begins where the new ones have got to.
        var place = PreviousChunks.first
        var changed = state.entries.keysChanged(since: snapshot.state.entries)[...]
        while let key = changed.first {
            let dirty = previous.place(of: key, from: place)
            writer.appendUnchanged(place..<dirty)
            guard let meeting = cut(from: dirty, of: previous, into: &writer) else { return }
            place = meeting.place
            changed = changed.drop { $0 < meeting.key }
        }
        writer.appendUnchanged(place..<previous.end)
    }

    /// Writes new chunks from where a previous one begins, to where another does, which is returned with its first key; nil at
    /// the end of the state.
    private func cut(
        from dirty: Int, of previous: PreviousChunks, into writer: inout SnapshotWriter<KVSnapshot>
    ) -> (place: Int, key: KVKey)? {
        // As long as there is nothing but the header, what comes before the first chunk's first key belongs to it too.
        let isAtBegin = writer.count == PreviousChunks.first
        var walk = KVChunkWalk(state, from: isAtBegin ? nil : previous.firstKey(of: dirty))
        var place = dirty
        while let chunk = walk.next() {
            writer.append(chunk)
            guard let key = walk.nextKey else { return nil }
            place = previous.place(of: key, from: place)
            if previous.firstKey(of: place) == key { return (place, key) }
        }
        return nil
    }
}

/// The chunks of entries of the snapshot before, looked up by key.
private struct PreviousChunks {
    /// The header's is before it.
    static var first: Int { 1 }

    private let chunks: [Bytes]

    init(_ chunks: [Bytes]) { self.chunks = chunks }

    var end: Int { chunks.count }

    /// The last chunk that begins with that key or one below, but none before `first`. Most are close to it.
    func place(of key: KVKey, from first: Int) -> Int {
        var (low, step) = (first, 1)
        while low + step < end, firstKey(of: low + step) <= key {
            low += step
            step *= 2
        }
        var high = min(low + step, end) - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if key < firstKey(of: middle) { high = middle - 1 } else { low = middle }
        }
        return low
    }

    /// These bytes were written by this service, or it was restored from them.
    func firstKey(of place: Int) -> KVKey {
        let chunk = chunks[place]
        let length = chunk[..<4].reduce(0) { $0 << 8 | Int($1) }
        return KVKey(Bytes(chunk[4..<4 + length]))
    }
}
