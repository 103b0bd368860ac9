// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

extension LogWriter {
    /// Reads the log that lies in these files, or begins one, and goes on in a new segment. Nothing of an older segment is
    /// changed: the new one's header says where it ends. A crash anywhere in here leaves what was there, or the new segment
    /// with the same records.
    ///
    /// A damaged log is read as far as that goes, and not touched; `recovery` says so, and only `startOver` goes on.
    ///
    /// - Parameters:
    ///   - salt: a random number, a new one each time, that leaves this machine nowhere. Whoever knows it could make a client
    ///     request look like a part of the log.
    ///   - onRecord: is handed all records, in order. When this throws they count for nothing.
    package static func open(
        in files: inout (some FileStore & ~Copyable), _ identity: LogIdentity, _ settings: LogSettings = LogSettings(),
        salt: UInt64, onRecord: (LogRecord) -> Void
    ) throws(LogError) -> LogWriter {
        let catalog = try LogError.wrapping { () throws(FileError) in try LogCatalog(of: &files) }
        try catalog.check(identity)
        let recovered = try LogError.wrapping { () throws(FileError) in try RecoveredLog(catalog, in: &files, onRecord)
        }
        var log = LogWriter(identity, settings, salt, catalog, recovered)
        if log.state != .damaged { try log.goOn(with: recovered.tail.map(\.record), in: &files) }
        return log
    }

    private init(
        _ identity: LogIdentity, _ settings: LogSettings, _ salt: UInt64, _ catalog: LogCatalog,
        _ recovered: RecoveredLog
    ) {
        let walk = recovered.walk
        // Without what was read beyond the proven place: it is written again.
        let proven = min(walk.proven, walk.next.previous)
        self.identity = identity
        self.settings = settings
        self.salt = salt
        recovery = recovered.recovery
        state = recovery.isDamaged ? .damaged : .needsRescue
        segments = recovered.extents
        nextNumber = catalog.nextNumber
        (last, durableFrame, toldDurable) = (proven, proven, proven)
        (summary, durableSummary) = (recovered.summary, recovered.summary)
        spares = catalog.spares
        surplus = catalog.segments.filter { $0.number < catalog.oldest }.map(\.name)
        hasDraft = catalog.hasDraft
    }

    /// Goes back to what is durable and goes on in a new segment; the caller appends again what was not. When it fails it may
    /// be tried again, for example when there is space.
    ///
    /// A new file, because a sync that succeeds after one that failed says nothing on Linux: pages that could not be written
    /// count as clean, and are read as if they were on the disk until they are dropped.
    package mutating func rescue(_ files: inout (some FileStore & ~Copyable)) throws(LogError) {
        guard state != .damaged else { throw .damaged }
        guard state == .needsRescue else { return }
        try goOn(with: [], in: &files)
    }

    /// Gives up all that the log holds and begins anew with these records, which are durable at once: after a crash the log
    /// is the old one or the new one; so it is, too, when this throws. What it held stays beside it, for people to look at.
    package mutating func startOver(
        with records: [LogRecord], in files: inout (some FileStore & ~Copyable)
    ) throws(LogError) {
        precondition(!records.isEmpty, "an empty log would look like one that never was")
        var fresh = self
        fresh.summary = LogSummary()
        fresh.durableSummary = LogSummary()
        let abandoned = segments
        fresh.segments = []
        do {
            try fresh.beginSegment(tail: records, in: &files)
        } catch {
            // The new log may be there after a crash. A rescue puts a segment of the old one in front of it.
            if state == .ready { state = .needsRescue }
            (nextNumber, hasDraft, spares, surplus) = (fresh.nextNumber, fresh.hasDraft, fresh.spares, fresh.surplus)
            throw .file(error)
        }
        self = fresh
        for segment in abandoned { keepAside(segment, in: &files) }
    }
}
