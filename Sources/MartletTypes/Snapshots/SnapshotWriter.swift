// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Takes the chunks of a snapshot, in order.
///
/// A service that writes incrementally compares the snapshot with the previous one, if there is any, and says of all chunks
/// that are the same as then `appendUnchanged`: they are neither encoded nor hashed, and not stored again.
public struct SnapshotWriter<Snapshot: Sendable> {
    /// The snapshot of this machine that was written last, or restored; nil where there is none. It need not be an earlier state of
    /// the one being written.
    public let previous: WrittenSnapshot<Snapshot>?

    private var chunks: [Bytes] = []
    private var digests: [Digest] = []
    private let digest: (Bytes) -> Digest

    package init(after previous: WrittenSnapshot<Snapshot>?, hashing digest: @escaping (Bytes) -> Digest) {
        self.previous = previous
        self.digest = digest
        guard let previous else { return }
        chunks.reserveCapacity(previous.chunks.count)
        digests.reserveCapacity(previous.chunks.count)
    }

    /// How many chunks there are so far.
    public var count: Int { chunks.count }

    /// The next chunk, of at most 16 MiB; 12 to 128 KiB are good sizes. An empty one is left out. There are at most a million in all.
    public mutating func append(_ chunk: Bytes) {
        precondition(chunk.count <= SnapshotChunks.chunkBytesMax, "a chunk of a snapshot is too long")
        guard !chunk.isEmpty else { return }
        chunks.append(chunk)
        digests.append(digest(chunk))
    }

    /// The next chunks are the previous snapshot's at these places.
    public mutating func appendUnchanged(_ places: Range<Int>) {
        guard !places.isEmpty else { return }
        guard let previous else { preconditionFailure("there is no previous snapshot") }
        precondition(previous.chunks.indices.contains(places), "the previous snapshot has no such chunks")
        chunks.append(contentsOf: previous.chunks[places])
        digests.append(contentsOf: previous.digests[places])
    }

    /// A snapshot that nobody could read again would have the log go that it stands for: rather this replica stops.
    package consuming func finish(_ snapshot: Snapshot) -> WrittenSnapshot<Snapshot> {
        precondition(chunks.count <= 1_000_000, "a snapshot has too many chunks")
        return WrittenSnapshot(snapshot, chunks: chunks, digests: digests)
    }
}
