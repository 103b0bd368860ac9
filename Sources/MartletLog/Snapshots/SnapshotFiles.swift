// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The snapshots of one replica (protocol §7): a manifest each, and the layers that hold their chunks, each chunk once. One is kept
/// for good only until a quorum has a newer one that this replica has, too, and knows durably that it does. Holds no files: each
/// call is given those that they lie in.
package struct SnapshotFiles: Sendable {
    /// One that is kept.
    package struct Entry: Hashable, Sendable {
        package let instance: Instance
        package let digest: Digest
    }

    struct Kept: Sendable {
        let snapshot: StoredSnapshot
        /// This run has written it, or read it and found it whole: only on such ones anything rests.
        var isProven: Bool
        /// Part of it was found damaged since, and was not written again yet.
        var isDamaged = false

        /// Whether anything may rest on it.
        var counts: Bool { isProven && !isDamaged }
        var entry: Entry { Entry(instance: snapshot.instance, digest: snapshot.digest) }
    }

    let identity: LogIdentity
    let settings: SnapshotSettings
    /// By ascending instance.
    var kept: [Kept] = []
    /// All layers, with the bytes of chunks that they hold, dead ones too; ascending.
    var layers: [(number: LayerNumber, bytes: Int)] = []
    /// Where chunks were that were found damaged: nothing new refers to them.
    var damaged = Set<ChunkPlace>()
    /// The newest checkpoint that is stable, as this replica has written down durably.
    private var stable: Entry?
    /// The last attempt to keep one failed: the next one writes no more than it must.
    var isTight = false
    /// Why a file that nobody needs is still there.
    package internal(set) var cleaningFailure: FileError?

    /// Finds what earlier runs left, and removes what they had not finished. A manifest that cannot be read is left alone: nobody
    /// counts on it. One of another format, or of another replica, is refused before anything is touched.
    package init(
        in files: inout (some FileStore & ~Copyable), _ identity: LogIdentity,
        _ settings: SnapshotSettings = SnapshotSettings()
    ) throws(LogError) {
        self.identity = identity
        self.settings = settings
        let names = try LogError.wrapping { () throws(FileError) in try files.names() }
        for name in names {
            guard let instance = SnapshotNames.instance(in: name) else { continue }
            let found = try LogError.wrapping { () throws(FileError) in
                try Self.snapshot(name, instance, in: &files)
            }
            switch found {
            case .success(let snapshot) where snapshot.identity == identity:
                kept.append(Kept(snapshot: snapshot, isProven: false))
            case .success(let snapshot):
                throw .otherOwner(file: name, found: snapshot.identity, expected: identity)
            case .failure(.unknownFormat(let version)): throw .unknownFormat(file: name, version: version)
            case .failure: break
            }
        }
        try LogError.wrapping { () throws(FileError) in
            try findLayers(names, in: &files)
            // What is seen may not be durable yet, where only the process had died.
            try files.syncNames()
        }
        removeLayers(in: &files)
    }

    private mutating func findLayers(
        _ names: [String], in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) {
        for name in names {
            if let number = SnapshotNames.layer(in: name) {
                layers.append((number, try files.size(of: name) - LayerHeader.bytes))
            } else if name == SnapshotNames.snapshotDraft || name == SnapshotNames.layerDraft {
                try files.remove(name)
            }
        }
    }

    /// What that file is, or why it is no manifest of that instance.
    static func snapshot(
        _ name: String, _ instance: Instance, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> Result<StoredSnapshot, SnapshotFault> {
        let bytes = try files.read(name, at: 0, count: try files.size(of: name))
        do throws(SnapshotFault) {
            let snapshot = try StoredSnapshot(reading: bytes)
            return snapshot.instance == instance ? .success(snapshot) : .failure(.otherInstance(snapshot.instance))
        } catch {
            return .failure(error)
        }
    }

    package var entries: [Entry] { kept.map(\.entry) }

    package func holds(_ instance: Instance, _ digest: Digest) -> Bool { self.kept(instance, digest) != nil }

    func kept(_ instance: Instance, _ digest: Digest) -> Kept? {
        kept.first { $0.entry == Entry(instance: instance, digest: digest) }
    }

    // MARK: - Forgetting

    /// A quorum has this checkpoint, and this replica's log says so durably. Returns through which instance the log is not needed
    /// any more, if that has changed.
    package mutating func note(
        stable certificate: CheckpointCertificate, in files: inout (some FileStore & ~Copyable)
    ) -> Instance? {
        guard certificate.instance > stable?.instance ?? .zero else { return nil }
        stable = Entry(instance: certificate.instance, digest: certificate.digest)
        return forgetOlder(in: &files)
    }

    /// After the checkpoint of that instance was kept.
    mutating func forgetOlder(ifStable instance: Instance, in files: inout (some FileStore & ~Copyable)) -> Instance? {
        stable?.instance == instance ? forgetOlder(in: &files) : nil
    }

    /// Before the log goes: a crash in between leaves a log that is longer than it need be.
    private mutating func forgetOlder(in files: inout (some FileStore & ~Copyable)) -> Instance? {
        guard let stable, kept(stable.instance, stable.digest)?.counts == true else { return nil }
        cleaningFailure = nil
        for each in kept where each.snapshot.instance < stable.instance {
            do {
                try removeIfThere(SnapshotNames.snapshot(each.snapshot.instance), in: &files)
            } catch {
                cleaningFailure = error
                return nil
            }
        }
        kept.removeAll { $0.snapshot.instance < stable.instance }
        removeLayers(in: &files)
        return stable.instance
    }

    /// Those of which no manifest names a chunk, when it is durable that none does: so there is never a manifest whose layers are
    /// gone. What cannot be removed is tried again the next time.
    mutating func removeLayers(in files: inout (some FileStore & ~Copyable)) {
        var needed = Set<LayerNumber>()
        for each in kept {
            for chunk in each.snapshot.chunks { needed.insert(chunk.place.layer) }
        }
        let needless = layers.map(\.number).filter { !needed.contains($0) }
        guard !needless.isEmpty else { return }
        do {
            try files.syncNames()
            for number in needless {
                try removeIfThere(SnapshotNames.layer(number), in: &files)
                layers.removeAll { $0.number == number }
                // any order: each is looked at by itself.
                damaged = damaged.filter { $0.layer != number }
            }
        } catch {
            cleaningFailure = error
        }
    }

    func removeIfThere(_ name: String, in files: inout (some FileStore & ~Copyable)) throws(FileError) {
        do {
            try files.remove(name)
        } catch .notFound {
            return
        }
    }
}
