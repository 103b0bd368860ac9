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
        var files: ReplicaConfiguration.Files
    }

    private struct Snapshots: ~Copyable {
        var entries: SnapshotFiles
        var files: ReplicaConfiguration.Files
    }

    /// Only ever used by one thread each: neither waits for the other's disk.
    private let log: Mutex<Log>
    private let snapshots: Mutex<Snapshots>
    /// What the replica goes on from; empty at its first start, and when what it had said is lost.
    let restoration: Restoration
    /// The encoded state of the restoration's base.
    let baseState: Bytes?
    /// Something that was durable is gone: the replica does not know any more what it has said.
    let isDamaged: Bool

    /// Opens both, or makes them. `hasVoted`: whether an earlier run may have said anything. Throws when they are another's, or
    /// cannot be used.
    init(
        home: String, group: Digest, replica: ReplicaID, hasVoted: Bool, incarnation: UInt64,
        opening: ReplicaConfiguration.FileOpening, logger: Logger
    ) throws(ReplicaError) {
        let identity = LogIdentity(group: group, replica: replica)
        var logFiles = try Self.open(home + "/log", opening)
        var snapshotFiles = try Self.open(home + "/snapshots", opening)
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
        let state = Self.base(of: &restoration, &entries, &snapshotFiles, logger)
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
        if !hasVoted, restoration.isEmpty, !isDamaged { try Self.begin(&writer, in: &logFiles, home) }
        self.restoration = restoration
        baseState = isDamaged ? nil : state
        log = Mutex(Log(writer: writer, files: logFiles))
        snapshots = Mutex(Snapshots(entries: entries, files: snapshotFiles))
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

    /// Before the home says that this replica may have voted, the log says something: one that says nothing then is one that is gone,
    /// and not one of a replica whose power was cut before its first words.
    private static func begin(
        _ writer: inout LogWriter, in files: inout ReplicaConfiguration.Files, _ home: String
    ) throws(ReplicaError) {
        do {
            try writer.append([.entered(Epoch(view: .genesis, regency: .first))], to: &files)
            try writer.sync(&files)
        } catch {
            throw .homeUnusable(path: home + "/log", reason: "\(error)")
        }
    }

    /// Has the restoration begin with the newest stable checkpoint that is kept.
    private static func base(
        of restoration: inout Restoration, _ entries: inout SnapshotFiles,
        _ files: inout ReplicaConfiguration.Files, _ logger: Logger
    ) -> Bytes? {
        guard let stable = restoration.newestStable({ entries.holds($0.instance, $0.digest) }) else { return nil }
        do {
            guard let state = try entries.state(after: stable.instance, stable.digest, in: &files),
                Hashing.checkpointDigest(of: state) == stable.digest
            else {
                logger.error("the snapshot after instance \(stable.instance) is damaged")
                return nil
            }
            restoration.begin(with: try CheckpointImage(decoding: state), stable)
            return state
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

    // MARK: - Snapshots

    /// Durable on return. Returns through which instance the log is not needed any more, if that has changed.
    func keep(_ state: Bytes, after instance: Instance, _ digest: Digest) throws(FileError) -> Instance? {
        try snapshots.withLock { (snapshots) throws(FileError) in
            try snapshots.entries.keep(state, after: instance, digest, in: &snapshots.files)
        }
    }

    func note(stable certificate: CheckpointCertificate) -> Instance? {
        snapshots.withLock { $0.entries.note(stable: certificate, in: &$0.files) }
    }
}
