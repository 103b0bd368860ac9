// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletLog
import MartletTypes
import Synchronization

/// Damage at rest: looking for it, and what is done about it.
extension ReplicaDisk: ScrubbedDisk {
    var damage: DiskDamage { found.withLock { $0 } }

    func note(found count: Int, in entries: SnapshotFiles) {
        let damaged = entries.damagedEntries.count
        found.withLock { found in
            found.found += count
            found.damagedSnapshots = damaged
        }
    }

    // MARK: - Mending

    var isLogWritable: Bool { log.withLock { !$0.writer.needsRescue } }

    func beginReplacement(through damaged: SegmentNumber) throws(LogError) -> SegmentNumber? {
        try log.withLock { (log) throws(LogError) in
            let segment = try log.writer.beginReplacement(through: damaged, &log.files)
            // What is gone is not damaged, however late it is told.
            found.withLock { $0.isLogDamaged = segment != nil }
            return segment
        }
    }

    func finishReplacement(_ rewritten: LogRewritten) throws(LogError) -> Bool {
        try log.withLock { (log) throws(LogError) in
            guard
                try log.writer.finishReplacement(
                    from: SegmentNumber(rewritten.segment), above: rewritten.above, &log.files)
            else { return false }
            found.withLock { $0.isLogDamaged = false }
            return true
        }
    }

    func isDamaged(_ instance: Instance, _ digest: Digest) -> Bool {
        snapshots.withLock { $0.entries.damagedEntries.contains { $0.instance == instance && $0.digest == digest } }
    }

    // MARK: - Looking

    /// Read anew, beside whoever writes it and without a lock. It is what lies on the disk that is looked at, also where tests keep
    /// back what is not synced (`ReplicaConfiguration.openFiles`): what a loss of power would leave is never damage.
    func logDamages(_ pace: ScrubPace) throws(LogError) -> [LogDamage] {
        do throws(FileError) {
            var paced = PacedFiles(try FileDirectory(at: home + "/log", .reading), pace)
            let damages = try Self.damages(&paced)
            // Whoever is to stop reads nothing more, which is no damage.
            guard !pace.isStopped else { return [] }
            // What was damaged may have gone with what a snapshot covers.
            found.withLock { found in
                found.found += damages.count { !found.inLog.contains($0) }
                found.inLog = damages
                found.isLogDamaged = !damages.isEmpty
            }
            return damages
        } catch {
            throw .file(error)
        }
    }

    private static func damages(_ paced: inout PacedFiles) throws(FileError) -> [LogDamage] {
        do throws(LogError) {
            return try LogScrub.damages(in: &paced)
        } catch {
            guard case .file(let reason) = error else { return [] }
            throw reason
        }
    }

    func beginScrub() -> SnapshotScrub { snapshots.withLock { SnapshotScrub(of: $0.entries) } }

    func step(_ scrub: inout SnapshotScrub) throws(FileError) -> SnapshotScrub.Finding? {
        try snapshots.withLock { (snapshots) throws(FileError) in
            let finding = try scrub.step(&snapshots.entries, in: &snapshots.files)
            if finding != nil { note(found: 1, in: snapshots.entries) }
            return finding
        }
    }
}
