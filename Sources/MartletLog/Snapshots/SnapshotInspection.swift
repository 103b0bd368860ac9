// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What snapshots there are and whether they are whole, for people. Reading them changes nothing and needs no lock; a replica
/// may go on keeping and forgetting them meanwhile.
package struct SnapshotInspection: Hashable, Sendable {
    package struct Snapshot: Hashable, Sendable {
        package let file: String
        package let fileBytes: Int
        /// As its name says.
        package let instance: Instance
        /// What the manifest says; nil where it cannot be read.
        let stored: StoredSnapshot?
        /// What is wrong with the manifest.
        package internal(set) var fault: SnapshotFault?
        /// So many of its chunks are damaged or gone.
        package internal(set) var damagedChunks = 0

        package var identity: LogIdentity? { stored?.identity }
        package var digest: Digest? { stored?.digest }
        package var chunks: Int? { stored?.chunks.count }
        /// Of the state.
        package var stateBytes: Int? { stored?.bytes }
        package var isWhole: Bool { fault == nil && damagedChunks == 0 }
    }

    package struct Layer: Hashable, Sendable {
        package let file: String
        /// Zero where it is gone.
        package let fileBytes: Int
        /// That snapshots need, together.
        package internal(set) var chunks = 0
        package internal(set) var neededBytes = 0
        package internal(set) var fault: SnapshotFault?
        package internal(set) var damages: [Damage] = []
    }

    /// A chunk that a snapshot needs and that is not there as it was written.
    package struct Damage: Hashable, Sendable {
        package let offset: Int
        package let bytes: Int
        package let fault: ChunkFault
    }

    /// By ascending instance.
    package internal(set) var snapshots: [Snapshot] = []
    /// Those that snapshots need, also where they are gone; ascending.
    package internal(set) var layers: [Layer] = []
    /// One is being written, or was when its replica stopped.
    package private(set) var hasDraft = false

    /// Of none.
    package init() {}

    /// Reads all of them, a chunk at a time. `hashing` calculates what checkpoint votes name.
    package init(
        of files: inout (some FileStore & ~Copyable), hashing: SnapshotHashing
    ) throws(FileError) {
        let names = try files.names()
        for name in names {
            if name == SnapshotNames.snapshotDraft || name == SnapshotNames.layerDraft { hasDraft = true }
            guard let instance = SnapshotNames.instance(in: name) else { continue }
            do {
                snapshots.append(try Self.snapshot(name, instance, in: &files, hashing))
            } catch .notFound {
                // It went after the names were read.
                continue
            }
        }
        try lookAtLayers(in: &files, hashing)
    }

    private static func snapshot(
        _ name: String, _ instance: Instance, in files: inout (some FileStore & ~Copyable), _ hashing: SnapshotHashing
    ) throws(FileError) -> Snapshot {
        let fileBytes = try files.size(of: name)
        switch try SnapshotFiles.snapshot(name, instance, in: &files) {
        case .failure(let fault):
            return Snapshot(file: name, fileBytes: fileBytes, instance: instance, stored: nil, fault: fault)
        case .success(let stored):
            let digest = hashing.manifest(stored.manifest)
            return Snapshot(
                file: name, fileBytes: fileBytes, instance: instance, stored: stored,
                fault: digest == stored.digest ? nil : .otherDigest(digest))
        }
    }
}

/// How digests are calculated, which this module does not know.
package struct SnapshotHashing: Sendable {
    package let chunk: @Sendable (Bytes) -> Digest
    /// What checkpoint votes name.
    package let manifest: @Sendable (CheckpointManifest) -> Digest

    package init(
        chunk: @escaping @Sendable (Bytes) -> Digest, manifest: @escaping @Sendable (CheckpointManifest) -> Digest
    ) {
        self.chunk = chunk
        self.manifest = manifest
    }
}
