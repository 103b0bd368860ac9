// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension SnapshotFiles {
    /// Durable on return. Only chunks that no layer holds are written, and few others. Returns through which instance the log is
    /// not needed any more, if that has changed. `resting` is called after each bit of the work.
    package mutating func keep(
        _ checkpoint: HashedCheckpoint, after instance: Instance, in files: inout (some FileStore & ~Copyable),
        resting: () -> Void = {}
    ) throws(FileError) -> Instance? {
        guard kept(instance, checkpoint.digest)?.counts != true else { return nil }
        let wasTight = isTight
        isTight = true
        do {
            try write(checkpoint, after: instance, isTight: wasTight, in: &files, resting)
        } catch {
            // The log may need the space.
            removeDrafts(in: &files)
            removeLayers(in: &files)
            throw error
        }
        isTight = false
        return forgetOlder(ifStable: instance, in: &files)
    }

    /// **Safety**: a manifest gets its name when it is durable, and after the names of all layers that it refers to are.
    private mutating func write(
        _ checkpoint: HashedCheckpoint, after instance: Instance, isTight: Bool,
        in files: inout (some FileStore & ~Copyable), _ resting: () -> Void
    ) throws(FileError) {
        let number = LayerNumber((layers.last?.number.rawValue ?? 0) + 1)
        let plan = LayerPlan(
            checkpoint, into: number, known: provenPlaces, layers: layers, settings, isTight: isTight,
            resting: resting)
        if !plan.written.isEmpty {
            try writeLayer(number, plan.written.map { checkpoint.contents.chunks[$0] }, in: &files, resting)
        }
        let snapshot = StoredSnapshot(
            identity: identity, instance: instance, digest: checkpoint.digest,
            imageChunks: checkpoint.contents.imageChunks, chunks: plan.chunks)
        try writeManifest(snapshot, in: &files)
    }

    /// The newest place of each.
    private var provenPlaces: [Digest: ChunkPlace] {
        var places: [Digest: ChunkPlace] = [:]
        for each in kept where each.isProven {
            for chunk in each.snapshot.chunks where !damaged.contains(chunk.place) {
                places[chunk.digest] = chunk.place
            }
        }
        return places
    }

    // MARK: - Files

    private mutating func writeLayer(
        _ number: LayerNumber, _ chunks: [Bytes], in files: inout (some FileStore & ~Copyable), _ resting: () -> Void
    ) throws(FileError) {
        let draft = SnapshotNames.layerDraft
        try removeIfThere(draft, in: &files)
        try files.create(draft)
        var pending = LayerHeader(identity: identity, number: number).encoded()
        var (end, synced) = (0, 0)
        for chunk in chunks {
            resting()
            pending += chunk
            guard pending.count >= settings.stepBytes else { continue }
            try files.write(pending, to: draft, at: end)
            end += pending.count
            pending.removeAll(keepingCapacity: true)
            guard end - synced >= settings.syncBytes else { continue }
            try files.sync(draft)
            synced = end
        }
        if !pending.isEmpty { try files.write(pending, to: draft, at: end) }
        end += pending.count
        try files.sync(draft)
        try files.rename(draft, to: SnapshotNames.layer(number))
        // From here on there is something to remove, whatever comes of it.
        layers.append((number, end - LayerHeader.bytes))
        try files.syncNames()
    }

    private mutating func writeManifest(
        _ snapshot: StoredSnapshot, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) {
        let (draft, name) = (SnapshotNames.snapshotDraft, SnapshotNames.snapshot(snapshot.instance))
        try removeIfThere(draft, in: &files)
        try files.create(draft)
        try files.write(snapshot.encoded(), to: draft, at: 0)
        try files.sync(draft)
        // Of the same instance another state was wrong, or part of this one is damaged, and goes only for what is whole. Whatever fails from here on, what was kept is not whole before all of this is done once.
        for index in kept.indices where kept[index].snapshot.instance == snapshot.instance {
            kept[index].isDamaged = true
        }
        let wasKept = holds(snapshot.instance, snapshot.digest)
        try files.replace(name, with: draft)
        kept.removeAll { $0.snapshot.instance == snapshot.instance }
        let place = kept.firstIndex { $0.snapshot.instance > snapshot.instance } ?? kept.count
        kept.insert(Kept(snapshot: snapshot, isProven: false, isDamaged: wasKept), at: place)
        try files.syncNames()
        (kept[place].isProven, kept[place].isDamaged) = (true, false)
    }

    private mutating func removeDrafts(in files: inout (some FileStore & ~Copyable)) {
        do {
            try removeIfThere(SnapshotNames.layerDraft, in: &files)
            try removeIfThere(SnapshotNames.snapshotDraft, in: &files)
        } catch {
            cleaningFailure = error
        }
    }
}
