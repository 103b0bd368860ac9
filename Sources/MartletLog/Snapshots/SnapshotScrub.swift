// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// One look at all that rests on the disk in snapshots, file by file and chunk by chunk, so that whoever paces it may rest in between,
/// and the files may change.
package struct SnapshotScrub: Sendable {
    private enum Item {
        case manifest(SnapshotFiles.Entry)
        case layer(LayerNumber)
        case chunk(ChunkPlace)
    }

    /// What was found at one place.
    package struct Finding: Hashable, Sendable {
        package let file: String
        /// Where in the file, where that is known.
        package let offset: Int?
        package let reason: String
        /// What is to be written again because of it; the newest is last.
        package let snapshots: [SnapshotFiles.Entry]
    }

    private var items: [Item] = []
    private var next = 0
    /// How much was read with the last step.
    package private(set) var bytesRead = 0

    package init(of snapshots: SnapshotFiles) {
        var layers: [LayerNumber] = []
        var places = Set<ChunkPlace>()
        for each in snapshots.kept where each.isProven {
            items.append(.manifest(each.entry))
            for chunk in each.snapshot.chunks where places.insert(chunk.place).inserted {
                if layers.last != chunk.place.layer { layers.append(chunk.place.layer) }
            }
        }
        var seen = Set<LayerNumber>()
        items += layers.filter { seen.insert($0).inserted }.map { .layer($0) }
        // any order: sorted at once.
        items += places.sorted { ($0.layer, $0.offset) < ($1.layer, $1.offset) }.map { .chunk($0) }
    }

    package var isOver: Bool { next == items.count }

    /// Looks at the next place. What is damaged does not count from now on: `keep` writes it again. It is told of once. What cannot be
    /// read twice is damaged.
    package mutating func step(
        _ snapshots: inout SnapshotFiles, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> Finding? {
        bytesRead = 0
        guard !isOver else { return nil }
        let item = items[next]
        next += 1
        do {
            return try look(at: item, &snapshots, in: &files)
        } catch .readFailed {
            do {
                return try look(at: item, &snapshots, in: &files)
            } catch .readFailed(_, let reason) {
                return unreadable(item, reason, &snapshots)
            }
        }
    }

    // MARK: - Looking

    private mutating func look(
        at item: Item, _ snapshots: inout SnapshotFiles, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> Finding? {
        switch item {
        case .manifest(let entry): try lookAt(entry, &snapshots, in: &files)
        case .layer(let number): try lookAt(number, &snapshots, in: &files)
        case .chunk(let place): try lookAt(place, &snapshots, in: &files)
        }
    }

    private func unreadable(_ item: Item, _ reason: String, _ snapshots: inout SnapshotFiles) -> Finding? {
        let (file, offset, entries): (String, Int?, [SnapshotFiles.Entry])
        switch item {
        case .manifest(let entry):
            snapshots.noteDamaged(entry)
            (file, offset, entries) = (SnapshotNames.snapshot(entry.instance), nil, [entry])
        case .layer(let number):
            (file, offset) = (SnapshotNames.layer(number), 0)
            entries = snapshots.noteDamaged { $0.layer == number }
        case .chunk(let place):
            (file, offset) = (SnapshotNames.layer(place.layer), place.offset)
            entries = snapshots.noteDamaged { $0 == place }
        }
        guard !entries.isEmpty else { return nil }
        return Finding(file: file, offset: offset, reason: "it cannot be read: \(reason)", snapshots: entries)
    }

    private mutating func lookAt(
        _ entry: SnapshotFiles.Entry, _ snapshots: inout SnapshotFiles, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> Finding? {
        // Where anything of it is damaged its manifest is written again, too.
        guard let kept = snapshots.kept(entry.instance, entry.digest), !kept.isDamaged else { return nil }
        let name = SnapshotNames.snapshot(entry.instance)
        let fault: SnapshotFault
        files.forgetCached(name)
        do {
            bytesRead = try files.size(of: name)
            switch try SnapshotFiles.snapshot(name, entry.instance, in: &files) {
            case .success(let snapshot) where snapshot == kept.snapshot: return nil
            case .success(let snapshot): fault = .otherDigest(snapshot.digest)
            case .failure(let found): fault = found
            }
        } catch .notFound {
            fault = .missing
        }
        snapshots.noteDamaged(entry)
        return Finding(file: name, offset: nil, reason: "\(fault)", snapshots: [entry])
    }

    private mutating func lookAt(
        _ number: LayerNumber, _ snapshots: inout SnapshotFiles, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> Finding? {
        let name = SnapshotNames.layer(number)
        let fault: SnapshotFault?
        files.forgetCached(name)
        do {
            let first = try files.read(name, at: 0, count: LayerHeader.bytes)
            bytesRead = first.count
            fault = SnapshotInspection.fault(ofHeader: first, number)
        } catch .notFound {
            fault = .missing
        }
        guard let fault else { return nil }
        let entries = snapshots.noteDamaged { $0.layer == number }
        return entries.isEmpty ? nil : Finding(file: name, offset: 0, reason: "\(fault)", snapshots: entries)
    }

    private mutating func lookAt(
        _ place: ChunkPlace, _ snapshots: inout SnapshotFiles, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> Finding? {
        guard !snapshots.damaged.contains(place) else { return nil }
        bytesRead = place.bytes
        guard try SnapshotFiles.chunk(at: place, in: &files) == nil else { return nil }
        let entries = snapshots.noteDamaged { $0 == place }
        guard !entries.isEmpty else { return nil }
        return Finding(
            file: SnapshotNames.layer(place.layer), offset: place.offset, reason: "\(ChunkFault.checksum)",
            snapshots: entries)
    }
}

extension SnapshotFiles {
    /// Those that were found damaged and not written again yet.
    package var damagedEntries: [Entry] { kept.filter(\.isDamaged).map(\.entry) }

    /// Whether a scrub looks at all of them: not at those that an earlier run left and this one has not read.
    package var isAllProven: Bool { kept.allSatisfy(\.isProven) }

    mutating func noteDamaged(_ entry: Entry) {
        for index in kept.indices where kept[index].entry == entry { kept[index].isDamaged = true }
    }

    /// All that need a chunk there; none where that is known.
    mutating func noteDamaged(_ isDamaged: (ChunkPlace) -> Bool) -> [Entry] {
        let known = damaged
        var entries: [Entry] = []
        for index in kept.indices where kept[index].isProven {
            let places = kept[index].snapshot.chunks.map(\.place).filter { isDamaged($0) && !known.contains($0) }
            guard !places.isEmpty else { continue }
            damaged.formUnion(places)
            kept[index].isDamaged = true
            entries.append(kept[index].entry)
        }
        return entries
    }
}
