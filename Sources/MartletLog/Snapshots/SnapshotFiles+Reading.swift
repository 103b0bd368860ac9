// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension SnapshotFiles {
    /// Which chunks a snapshot consists of; nil when it is not kept.
    package func manifest(after instance: Instance, _ digest: Digest) -> CheckpointManifest? {
        kept(instance, digest)?.snapshot.manifest
    }

    /// One chunk, by its position in the manifest; nil when it is not kept or damaged. Only the checksum is looked at.
    package func chunk(
        _ position: Int, after instance: Instance, _ digest: Digest, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> Bytes? {
        guard let chunks = kept(instance, digest)?.snapshot.chunks, chunks.indices.contains(position) else {
            return nil
        }
        return try Self.chunk(at: chunks[position].place, in: &files)
    }

    static func chunk(
        at place: ChunkPlace, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> Bytes? {
        do {
            let bytes = try files.read(SnapshotNames.layer(place.layer), at: place.offset, count: place.bytes)
            return place.fits(bytes) ? bytes : nil
        } catch .notFound {
            return nil
        }
    }

    /// The whole state, or nil when it is not kept or damaged. What is found whole need not be written again. `hashed` calculates
    /// the digests, which must be those that were written down.
    package mutating func checkpoint(
        after instance: Instance, _ digest: Digest, in files: inout (some FileStore & ~Copyable),
        hashed: (CheckpointContents) -> HashedCheckpoint
    ) throws(FileError) -> HashedCheckpoint? {
        let entry = Entry(instance: instance, digest: digest)
        guard let index = kept.firstIndex(where: { $0.entry == entry }) else { return nil }
        let snapshot = kept[index].snapshot
        var chunks: [Bytes] = []
        chunks.reserveCapacity(snapshot.chunks.count)
        for chunk in snapshot.chunks {
            guard let bytes = try Self.chunk(at: chunk.place, in: &files) else { return nil }
            chunks.append(bytes)
        }
        let checkpoint = hashed(CheckpointContents(imageChunks: snapshot.imageChunks, chunks: chunks))
        guard checkpoint.digest == digest, checkpoint.manifest == snapshot.manifest else { return nil }
        kept[index].isProven = true
        return checkpoint
    }
}
