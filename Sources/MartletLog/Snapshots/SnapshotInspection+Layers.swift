// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

extension SnapshotInspection {
    /// Reads each chunk that a snapshot needs, once.
    mutating func lookAtLayers(
        in files: inout (some FileStore & ~Copyable), _ hashing: SnapshotHashing
    ) throws(FileError) {
        let needed = neededChunks
        var damaged = Set<ChunkPlace>()
        for (number, chunks) in needed {
            var layer = try Self.layer(number, in: &files)
            for chunk in chunks {
                layer.chunks += 1
                layer.neededBytes += chunk.place.bytes
                guard layer.fault != .missing else {
                    damaged.insert(chunk.place)
                    continue
                }
                guard let fault = try Self.fault(of: chunk, layer.file, in: &files, hashing) else { continue }
                damaged.insert(chunk.place)
                layer.damages.append(Damage(offset: chunk.place.offset, bytes: chunk.place.bytes, fault: fault))
            }
            layers.append(layer)
        }
        guard !damaged.isEmpty else { return }
        for index in snapshots.indices {
            let chunks = snapshots[index].stored?.chunks ?? []
            snapshots[index].damagedChunks = chunks.count { damaged.contains($0.place) }
        }
        try forgetWhatWent(in: &files)
    }

    /// By layer, ascending, and by their place in it; each once.
    private var neededChunks: [(layer: LayerNumber, chunks: [StoredChunk])] {
        var seen = Set<StoredChunk>()
        var chunks = snapshots.flatMap { $0.stored?.chunks ?? [] }.filter { seen.insert($0).inserted }
        chunks.sort { ($0.place.layer, $0.place.offset) < ($1.place.layer, $1.place.offset) }
        var needed: [(layer: LayerNumber, chunks: [StoredChunk])] = []
        for chunk in chunks {
            if needed.last?.layer != chunk.place.layer { needed.append((chunk.place.layer, [])) }
            needed[needed.count - 1].chunks.append(chunk)
        }
        return needed
    }

    private static func layer(
        _ number: LayerNumber, in files: inout (some FileStore & ~Copyable)
    ) throws(FileError) -> Layer {
        let name = SnapshotNames.layer(number)
        do {
            let fileBytes = try files.size(of: name)
            let first = try files.read(name, at: 0, count: SnapshotFormat.headerBytesMax)
            return Layer(file: name, fileBytes: fileBytes, fault: fault(ofHeader: first, number))
        } catch .notFound {
            return Layer(file: name, fileBytes: 0, fault: .missing)
        }
    }

    static func fault(ofHeader bytes: Bytes, _ number: LayerNumber) -> SnapshotFault? {
        do throws(SnapshotFault) {
            let header = try LayerHeader(reading: bytes)
            return header.number == number ? nil : .otherLayer(header.number)
        } catch {
            return error
        }
    }

    private static func fault(
        of chunk: StoredChunk, _ name: String, in files: inout (some FileStore & ~Copyable), _ hashing: SnapshotHashing
    ) throws(FileError) -> ChunkFault? {
        let bytes: Bytes
        do {
            bytes = try files.read(name, at: chunk.place.offset, count: chunk.place.bytes)
        } catch .notFound {
            return .cutOff
        }
        guard bytes.count == chunk.place.bytes else { return .cutOff }
        guard chunk.place.fits(bytes) else { return .checksum }
        return hashing.chunk(bytes) == chunk.digest ? nil : .otherDigest
    }

    /// What a running replica has forgotten meanwhile is no damage, nor are layers that only it needed.
    private mutating func forgetWhatWent(in files: inout (some FileStore & ~Copyable)) throws(FileError) {
        let names = Set(try files.names())
        snapshots.removeAll { !names.contains($0.file) }
        let needed = Set(snapshots.flatMap { $0.stored?.chunks.map { SnapshotNames.layer($0.place.layer) } ?? [] })
        layers.removeAll { !needed.contains($0.file) }
    }
}
