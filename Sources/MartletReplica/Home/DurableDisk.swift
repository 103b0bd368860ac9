// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletLog
import MartletTypes

/// The disk of a replica of a durable group, as the two stages see it that wait for it: one for the log, the other for snapshots.
/// Each call returns when the disk has done its part, however long that takes.
protocol DurableDisk: Sendable {
    // The log
    /// Writes them and waits until they are durable; after an error they are to be given again.
    func append(_ records: [LogRecord]) throws(LogError)
    /// Has the log say that all of it is durable.
    func seal() throws(LogError)
    /// A durable snapshot covers everything up to there.
    func drop(through instance: Instance)
    /// Why a file of the log that nobody needs is still there.
    var logCleaningFailure: FileError? { get }

    // Snapshots
    /// Durable on return. Returns through which instance the log is not needed any more, if that has changed.
    /// `resting` is called after each bit of the work.
    func keep(
        _ checkpoint: HashedCheckpoint, after instance: Instance, resting: () -> Void
    ) throws(FileError) -> Instance?
    /// A quorum has that checkpoint, as is written down. Returns as `keep` does.
    func note(stable certificate: CheckpointCertificate) -> Instance?
    /// Why a snapshot that nobody needs is still there.
    var snapshotCleaningFailure: FileError? { get }

    // Damage at rest
    /// What was found damaged since the start. Waits for no disk.
    var damage: DiskDamage { get }
    /// Whether the log can be written as far as is known, also after a replacement has failed.
    var isLogWritable: Bool { get }
    /// Segments up to that one are damaged: all that is needed of those before the one that is returned is to be written again. The
    /// same one until that is finished, unless damage lies behind its beginning. Nil where those segments are gone by now.
    func beginReplacement(through damaged: SegmentNumber) throws(LogError) -> SegmentNumber?
    /// It was written again and is durable, above a stable checkpoint. Returns whether those segments are gone: not before this
    /// replica has the snapshot of that checkpoint, nor where another segment was begun since.
    func finishReplacement(_ rewritten: LogRewritten) throws(LogError) -> Bool
    /// Whether a snapshot that was kept was found damaged, and not written again yet.
    func isDamaged(_ instance: Instance, _ digest: Digest) -> Bool
}

/// The same disk as a scrub reads it, beside the two stages: neither of them waits for more than one of its steps; it waits for a whole
/// `keep`, with its rests.
protocol ScrubbedDisk: Sendable {
    func beginScrub() -> SnapshotScrub
    /// One step of reading snapshots.
    func step(_ scrub: inout SnapshotScrub) throws(FileError) -> SnapshotScrub.Finding?
    /// What is damaged in the log.
    func logDamages(_ pace: ScrubPace) throws(LogError) -> [LogDamage]
}

/// What a replica goes on from.
struct RecoveredDisk: Sendable {
    /// Empty at the first start, and when what was said is lost.
    var restoration = Restoration()
    /// That of the restoration's base.
    var baseCheckpoint: HashedCheckpoint?
    /// Something that was durable is gone: the replica does not know any more what it has said.
    var isDamaged = false
}
