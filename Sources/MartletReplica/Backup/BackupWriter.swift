// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletTypes

/// Writes a backup's file under another name first: a file with the backup's own name is always whole, whenever power or process end.
struct BackupWriter {
    /// How much is written at once, and how much is left to one sync: a replica beside it waits for the same disk.
    private static let stepBytes = 1 << 20
    private static let syncBytes = 32 << 20

    let place: FilePlace

    init(_ path: String) { place = FilePlace(path) }

    private var draftPrefix: String { place.name + ".draft-" }

    /// Before much is done in vain.
    func requireVacant() throws(BackupError) {
        var files = try directory()
        try requireVacant(in: &files)
    }

    /// Durable on return.
    func write(_ content: some BackupContent, _ progress: (BackupProgress) -> Void) throws(BackupError) {
        var files = try directory()
        try write(content, in: &files, progress)
    }

    private func directory() throws(BackupError) -> FileDirectory {
        try BackupError.wrapping(place.path) { () throws(FileError) in
            // Not alone: others may use the directory, and the names are this file's own.
            try FileDirectory(at: place.directory, .writingBeside)
        }
    }

    func write(
        _ content: some BackupContent, in files: inout (some FileStore & ~Copyable),
        _ progress: (BackupProgress) -> Void
    ) throws(BackupError) {
        try requireVacant(in: &files)
        try removeDrafts(in: &files)
        let number = String(SystemEntropy.positive, radix: 16)
        let draft = draftPrefix + String(repeating: "0", count: 16 - number.count) + number
        do throws(BackupError) {
            try fill(draft, content, in: &files, progress)
            try requireVacant(in: &files)
            try BackupError.wrapping(place.path) { () throws(FileError) in
                try files.rename(draft, to: place.name)
                try files.syncNames()
            }
        } catch {
            remove(draft, in: &files)
            throw error
        }
    }

    private func fill(
        _ draft: String, _ content: some BackupContent, in files: inout (some FileStore & ~Copyable),
        _ progress: (BackupProgress) -> Void
    ) throws(BackupError) {
        var done = BackupProgress(bytes: content.header.stateBytes)
        var pending = try content.header.encodedReadably(at: place.path)
        var (end, synced) = (0, 0)
        try BackupError.wrapping(place.path) { () throws(FileError) in try files.create(draft) }
        for position in content.header.chunks.indices {
            let chunk = try content.chunk(position)
            pending += chunk
            done.bytesDone += chunk.count
            progress(done)
            guard pending.count >= Self.stepBytes else { continue }
            try BackupError.wrapping(place.path) { () throws(FileError) in
                try files.write(pending, to: draft, at: end)
                end += pending.count
                pending.removeAll(keepingCapacity: true)
                guard end - synced >= Self.syncBytes else { return }
                try files.sync(draft)
                synced = end
            }
        }
        try BackupError.wrapping(place.path) { () throws(FileError) in
            if !pending.isEmpty { try files.write(pending, to: draft, at: end) }
            try files.sync(draft)
        }
    }

    // MARK: - Names

    private func requireVacant(in files: inout (some FileStore & ~Copyable)) throws(BackupError) {
        let names = try BackupError.wrapping(place.path) { () throws(FileError) in try files.names() }
        guard !names.contains(place.name) else { throw BackupError(place.path, .exists) }
    }

    /// What one that was killed has left. (One that still writes finds its draft gone, and fails.)
    private func removeDrafts(in files: inout (some FileStore & ~Copyable)) throws(BackupError) {
        let names = try BackupError.wrapping(place.path) { () throws(FileError) in try files.names() }
        for name in names where isDraft(name) { remove(name, in: &files) }
    }

    private func isDraft(_ name: String) -> Bool {
        guard name.hasPrefix(draftPrefix) else { return false }
        let number = name.dropFirst(draftPrefix.count)
        return number.count == 16 && number.allSatisfy { $0.isHexDigit }
    }

    /// Where it cannot be removed the next one tries again.
    private func remove(_ name: String, in files: inout (some FileStore & ~Copyable)) {
        do {
            try files.remove(name)
        } catch {
            return
        }
    }
}
