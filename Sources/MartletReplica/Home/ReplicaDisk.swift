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
final class ReplicaDisk: DurableDisk {
    struct Log: ~Copyable {
        var writer: LogWriter
        var files: ReplicaConfiguration.Files
    }

    struct Snapshots: ~Copyable {
        var entries: SnapshotFiles
        var files: ReplicaConfiguration.Files
    }

    /// Each used by one thread, and by the scrub for one step at a time at most: neither waits for the other's disk.
    let log: Mutex<Log>
    let snapshots: Mutex<Snapshots>
    /// What was found damaged; nobody who has it waits for a disk.
    let found = Mutex(DiskDamage())
    let home: String

    private init(_ home: String, _ log: consuming Log, _ snapshots: consuming Snapshots) {
        self.home = home
        self.log = Mutex(log)
        self.snapshots = Mutex(snapshots)
    }

    /// Opens both, or makes them, and tells what the replica goes on from. `isFounder`: whether it votes from its first start on;
    /// `hasVoted`: whether an earlier run may have said anything. Throws when they are another's, or cannot be used.
    static func open(
        home: String, group: Digest, replica: ReplicaID, isFounder: Bool, hasVoted: Bool, incarnation: UInt64,
        opening: ReplicaConfiguration.FileOpening, logger: Logger
    ) throws(ReplicaError) -> (disk: ReplicaDisk, recovered: RecoveredDisk) {
        let identity = LogIdentity(group: group, replica: replica)
        var logFiles = try open(home + "/log", opening)
        var snapshotFiles = try open(home + "/snapshots", opening)
        var recovered = RecoveredDisk()
        var writer = try openLog(home, in: &logFiles, identity, into: &recovered.restoration)
        var entries = try refusing(home + "/snapshots") { () throws(LogError) in
            try SnapshotFiles(in: &snapshotFiles, identity)
        }
        for finding in writer.recovery.findings {
            logger.log(level: finding.isDamage ? .error : .notice, "\(home)/log: \(finding)")
        }
        recovered.baseCheckpoint = try base(
            of: &recovered.restoration, &entries, &snapshotFiles, home + "/snapshots", logger)
        let isLost = hasVoted && recovered.restoration.isEmpty
        if writer.isDamaged || !recovered.restoration.isComplete || isLost {
            logger.error(
                "what this replica had written down is \(isLost ? "gone" : "damaged"): it begins anew, and follows the group until the others admit it again"
            )
            recovered = RecoveredDisk(isDamaged: true)
            try refusing(home + "/log") { () throws(LogError) in
                try writer.startOver(with: [.incarnation(incarnation)], in: &logFiles)
            }
        }
        // A newcomer says so with what it first follows in; without a vote there is nothing to go on from.
        if isFounder, !hasVoted, recovered.restoration.isEmpty, !recovered.isDamaged {
            try begin(&writer, in: &logFiles, home)
        }
        let log = Log(writer: writer, files: logFiles)
        return (ReplicaDisk(home, log, Snapshots(entries: entries, files: snapshotFiles)), recovered)
    }

    /// Names what cannot be used, and why, or whose it is.
    private static func refusing<Value>(
        _ path: String, _ body: () throws(LogError) -> Value
    ) throws(ReplicaError) -> Value {
        do {
            return try body()
        } catch .otherOwner(let file, let found, let expected) {
            throw .homeOfAnother(path: "\(path)/\(file)", found: "\(found)", expected: "\(expected)")
        } catch {
            throw .homeUnusable(path: path, reason: "\(error)")
        }
    }

    private static func open(
        _ path: String, _ opening: ReplicaConfiguration.FileOpening
    ) throws(ReplicaError) -> ReplicaConfiguration.Files {
        try ReplicaHome.makeDirectory(path)
        do {
            return try opening(path)
        } catch {
            throw .homeUnusable(path: path, reason: "\(error)")
        }
    }

    private static func openLog(
        _ home: String, in files: inout ReplicaConfiguration.Files, _ identity: LogIdentity,
        into restoration: inout Restoration
    ) throws(ReplicaError) -> LogWriter {
        var told = Restoration()
        let log = try refusing(home + "/log") { () throws(LogError) in
            try LogWriter.open(in: &files, identity, salt: SystemEntropy.positive) { told.add($0) }
        }
        restoration = told
        return log
    }

    /// Before the home says that this replica may have voted, the log says something: one that says nothing then is one that is gone,
    /// and not one of a replica whose power was cut before its first words.
    private static func begin(
        _ writer: inout LogWriter, in files: inout ReplicaConfiguration.Files, _ home: String
    ) throws(ReplicaError) {
        try refusing(home + "/log") { () throws(LogError) in
            try writer.append([.entered(Epoch(view: .genesis, regency: .first))], to: &files)
            try writer.sync(&files)
        }
    }

    /// Has the restoration begin with the newest stable checkpoint that is kept. What cannot be read now may be read by a later
    /// start: that is no reason to give up what the log tells.
    private static func base(
        of restoration: inout Restoration, _ entries: inout SnapshotFiles,
        _ files: inout ReplicaConfiguration.Files, _ path: String, _ logger: Logger
    ) throws(ReplicaError) -> HashedCheckpoint? {
        guard let stable = restoration.newestStable({ entries.holds($0.instance, $0.digest) }) else { return nil }
        let checkpoint: HashedCheckpoint?
        do {
            checkpoint = try entries.checkpoint(after: stable.instance, stable.digest, in: &files) {
                Hashing.hashed($0)
            }
        } catch {
            throw .homeUnusable(path: "\(path)/\(SnapshotNames.snapshot(stable.instance))", reason: "\(error)")
        }
        guard let checkpoint else {
            logger.error("the snapshot after instance \(stable.instance) is damaged")
            return nil
        }
        do {
            restoration.begin(with: try checkpoint.contents.image(), stable)
            return checkpoint
        } catch {
            logger.error("the snapshot after instance \(stable.instance) is no state: \(error)")
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

    var logCleaningFailure: FileError? { log.withLock { $0.writer.cleaningFailure } }

    func drop(through instance: Instance) { log.withLock { $0.writer.drop(through: instance) } }

    // MARK: - Snapshots

    var snapshotCleaningFailure: FileError? { snapshots.withLock { $0.entries.cleaningFailure } }

    func keep(
        _ checkpoint: HashedCheckpoint, after instance: Instance, resting: () -> Void
    ) throws(FileError) -> Instance? {
        try snapshots.withLock { (snapshots) throws(FileError) in
            defer { note(found: 0, in: snapshots.entries) }
            return try snapshots.entries.keep(checkpoint, after: instance, in: &snapshots.files, resting: resting)
        }
    }

    func note(stable certificate: CheckpointCertificate) -> Instance? {
        snapshots.withLock { snapshots in
            defer { note(found: 0, in: snapshots.entries) }
            return snapshots.entries.note(stable: certificate, in: &snapshots.files)
        }
    }
}
