// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCore
import MartletCrypto
import MartletLog
import MartletTypes
import MartletWire
import Synchronization

/// What a replica of a durable group has in its home: the log and the snapshots, a directory each.
final class ReplicaDisk: Sendable {
    private struct Log: ~Copyable {
        var writer: LogWriter
        var files: FileDirectory
        /// Everything before it is being written again.
        var replacement: SegmentNumber?
    }

    private struct Snapshots: ~Copyable {
        var entries: SnapshotFiles
        var files: FileDirectory
    }

    /// Only ever used by one thread each: neither waits for the other's disk.
    private let log: Mutex<Log>
    private let snapshots: Mutex<Snapshots>
    /// What the replica goes on from; empty at its first start, and when what it had said is lost.
    let restoration: Restoration
    /// That of the restoration's base.
    let baseCheckpoint: HashedCheckpoint?
    private let home: String
    private let found = Mutex(DiskDamage())
    /// Something that was durable is gone: the replica does not know any more what it has said.
    let isDamaged: Bool

    /// Opens both, or makes them. `hasVoted`: whether an earlier run may have said anything. Throws when they are another's, or
    /// cannot be used.
    init(
        home: String, group: Digest, replica: ReplicaID, hasVoted: Bool, incarnation: UInt64, logger: Logger
    ) throws(ReplicaError) {
        let identity = LogIdentity(group: group, replica: replica)
        var logFiles = try Self.open(home + "/log")
        var snapshotFiles = try Self.open(home + "/snapshots")
        var restoration = Restoration()
        var writer = try Self.openLog(home, in: &logFiles, identity, into: &restoration)
        var entries: SnapshotFiles
        do {
            entries = try SnapshotFiles(in: &snapshotFiles, identity)
        } catch {
            throw .homeUnusable(path: home + "/snapshots", reason: "\(error)")
        }
        for finding in writer.recovery.findings {
            logger.log(level: finding.isDamage ? .error : .notice, "\(home)/log: \(finding)")
        }
        let checkpoint = Self.base(of: &restoration, &entries, &snapshotFiles, logger)
        let isLost = hasVoted && restoration.isEmpty
        isDamaged = writer.isDamaged || !restoration.isComplete || isLost
        if isDamaged {
            logger.error(
                "what this replica had written down is \(isLost ? "gone" : "damaged"): it begins anew, and follows the group until the others admit it again"
            )
            restoration = Restoration()
            do {
                try writer.startOver(with: [.incarnation(incarnation)], in: &logFiles)
            } catch {
                throw .homeUnusable(path: home + "/log", reason: "\(error)")
            }
        }
        self.home = home
        self.restoration = restoration
        baseCheckpoint = isDamaged ? nil : checkpoint
        log = Mutex(Log(writer: writer, files: logFiles))
        snapshots = Mutex(Snapshots(entries: entries, files: snapshotFiles))
    }

    private static func open(_ path: String) throws(ReplicaError) -> FileDirectory {
        try ReplicaHome.makeDirectory(path)
        do {
            return try FileDirectory(at: path)
        } catch {
            throw .homeUnusable(path: path, reason: "\(error)")
        }
    }

    private static func openLog(
        _ home: String, in files: inout FileDirectory, _ identity: LogIdentity, into restoration: inout Restoration
    ) throws(ReplicaError) -> LogWriter {
        var told = Restoration()
        do {
            let log = try LogWriter.open(in: &files, identity, salt: SystemEntropy.positive) { told.add($0) }
            restoration = told
            return log
        } catch .otherOwner(let file, let found, let expected) {
            throw .homeOfAnother(path: "\(home)/log/\(file)", found: "\(found)", expected: "\(expected)")
        } catch {
            throw .homeUnusable(path: home + "/log", reason: "\(error)")
        }
    }

    /// Has the restoration begin with the newest stable checkpoint that is kept.
    private static func base(
        of restoration: inout Restoration, _ entries: inout SnapshotFiles, _ files: inout FileDirectory,
        _ logger: Logger
    ) -> HashedCheckpoint? {
        guard let stable = restoration.newestStable({ entries.holds($0.instance, $0.digest) }) else { return nil }
        do {
            let checkpoint = try entries.checkpoint(after: stable.instance, stable.digest, in: &files) {
                Hashing.hashed($0)
            }
            guard let checkpoint else {
                logger.error("the snapshot after instance \(stable.instance) is damaged")
                return nil
            }
            restoration.begin(with: try checkpoint.contents.image(), stable)
            return checkpoint
        } catch {
            logger.error("the snapshot after instance \(stable.instance) cannot be read: \(error)")
            return nil
        }
    }

    // MARK: - The log

    /// Writes them and waits until they are durable.
    func append(_ records: [LogRecord]) throws(LogError) {
        try log.withLock { (log) throws(LogError) in
            try log.writer.rescue(&log.files)
            try log.writer.append(records, to: &log.files)
            try log.writer.sync(&log.files)
        }
    }

    func seal() throws(LogError) { try log.withLock { (log) throws(LogError) in try log.writer.seal(&log.files) } }

    func drop(through instance: Instance) { log.withLock { $0.writer.drop(through: instance) } }

    // MARK: - Damage at rest

    /// Waits for no disk.
    var damage: DiskDamage { found.withLock { $0 } }

    /// Segments before the one that is returned may be damaged: all that they hold that is needed is to be written again. The same
    /// one until that is finished.
    func beginReplacement() throws(LogError) -> SegmentNumber {
        try log.withLock { (log) throws(LogError) in
            if let begun = log.replacement { return begun }
            let begun = try log.writer.beginReplacement(&log.files)
            log.replacement = begun
            return begun
        }
    }

    /// It was written again and is durable, above a stable checkpoint. Returns whether those segments are gone: not before this
    /// replica has the snapshot of that checkpoint.
    func finishReplacement(_ rewritten: LogRewritten) throws(LogError) -> Bool {
        try log.withLock { (log) throws(LogError) in
            guard let begun = log.replacement, begun.rawValue == rewritten.segment,
                log.writer.coveredThrough >= rewritten.above
            else { return false }
            try log.writer.finishReplacement(from: begun, &log.files)
            log.replacement = nil
            found.withLock { $0.isLogDamaged = false }
            return true
        }
    }

    /// What is damaged in the log, read anew beside whoever writes it.
    func logDamages(_ pace: ScrubPace) throws(LogError) -> [LogDamage] {
        do throws(FileError) {
            var paced = PacedFiles(try FileDirectory(at: home + "/log", .reading), pace)
            var files = try FileDirectory(at: home + "/log", .reading)
            let damages = try Self.damages(&paced, &files)
            if !damages.isEmpty {
                found.withLock { found in
                    found.found += damages.count
                    found.isLogDamaged = true
                }
            }
            return damages
        } catch {
            throw .file(error)
        }
    }

    private static func damages(
        _ paced: inout PacedFiles, _ files: inout FileDirectory
    ) throws(FileError) -> [LogDamage] {
        do throws(LogError) {
            return try LogScrub.damages(pacedBy: &paced, again: &files)
        } catch {
            guard case .file(let reason) = error else { return [] }
            throw reason
        }
    }

    func beginScrub() -> SnapshotScrub { snapshots.withLock { SnapshotScrub(of: $0.entries) } }

    /// One step; whoever keeps a snapshot waits no longer than that.
    func step(_ scrub: inout SnapshotScrub) throws(FileError) -> SnapshotScrub.Finding? {
        try snapshots.withLock { (snapshots) throws(FileError) in
            let finding = try scrub.step(&snapshots.entries, in: &snapshots.files)
            if finding != nil { note(found: 1, in: snapshots.entries) }
            return finding
        }
    }

    // MARK: - Snapshots

    /// Whether a snapshot that was kept was found damaged, and not written again yet.
    func isDamaged(_ instance: Instance, _ digest: Digest) -> Bool {
        snapshots.withLock { $0.entries.damagedEntries.contains { $0.instance == instance && $0.digest == digest } }
    }

    /// Durable on return. Returns through which instance the log is not needed any more, if that has changed.
    func keep(_ checkpoint: HashedCheckpoint, after instance: Instance) throws(FileError) -> Instance? {
        try snapshots.withLock { (snapshots) throws(FileError) in
            defer { note(found: 0, in: snapshots.entries) }
            return try snapshots.entries.keep(checkpoint, after: instance, in: &snapshots.files)
        }
    }

    func note(stable certificate: CheckpointCertificate) -> Instance? {
        snapshots.withLock { snapshots in
            defer { note(found: 0, in: snapshots.entries) }
            return snapshots.entries.note(stable: certificate, in: &snapshots.files)
        }
    }

    private func note(found count: Int, in entries: SnapshotFiles) {
        let damaged = entries.damagedEntries.count
        found.withLock { found in
            found.found += count
            found.damagedSnapshots = damaged
        }
    }
}
