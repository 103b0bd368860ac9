// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletLog
import MartletTypes
import MartletWire

/// What a replica of a durable group has on its disk: a real log and real snapshots, in simulated directories.
struct SimulatedDisk {
    /// What a replica begins with.
    struct Recovered {
        let restoration: Restoration
        /// That of its base.
        let checkpoint: HashedCheckpoint?
        /// What was there is given up.
        var isDamaged = false
    }

    /// Nothing that these disks do loses what was durable.
    struct DiskDamaged: Error {
        let finding: LogFinding
    }

    struct RecordsMissing: Error {}

    private let identity: LogIdentity
    var logFiles: SimulatedDirectory
    var snapshotFiles: SimulatedDirectory
    private var random: SeededRandom
    var log: LogWriter?
    var snapshots: SnapshotFiles?
    /// A bit was flipped: what is found is not what was written.
    var isDamaged = false
    /// Written, and not durable yet.
    private var stable: [CheckpointCertificate] = []

    /// Segments so short that some follow one another in a run.
    private static var settings: LogSettings {
        var settings = LogSettings()
        settings.segmentBytes = 16 << 10
        settings.aheadBytesMin = 1 << 10
        settings.aheadBytesMax = 4 << 10
        return settings
    }

    /// Bounds so low that layers are written again in a run.
    private static var snapshotSettings: SnapshotSettings {
        var settings = SnapshotSettings()
        settings.rewrittenBytes = 512
        settings.layersMax = 4
        settings.stepBytes = 1 << 10
        settings.syncBytes = 4 << 10
        return settings
    }

    init(_ identity: LogIdentity, faults: DiskFaults, random: SeededRandom) {
        self.identity = identity
        var random = random
        logFiles = SimulatedDirectory(faults: faults, random: random.fork())
        snapshotFiles = SimulatedDirectory(faults: faults, random: random.fork())
        self.random = random
    }

    // MARK: - Trouble

    /// So many operations more on each of the two directories; then nothing is done any more before `crash`.
    mutating func losePower(after operations: Int) {
        logFiles.faults.operationsLeft = operations
        snapshotFiles.faults.operationsLeft = operations
    }

    var hasNoPower: Bool {
        logFiles.faults.operationsLeft == 0 || snapshotFiles.faults.operationsLeft == 0
    }

    /// There is no more space than what is used, or as much as anybody likes again.
    mutating func setFull(_ isFull: Bool) {
        logFiles.faults.capacityBytes = isFull ? logFiles.usedBytes : nil
        snapshotFiles.faults.capacityBytes = isFull ? snapshotFiles.usedBytes : nil
    }

    /// A write or sync has failed: all that was not durable is to be appended again.
    var needsRescue: Bool { log?.needsRescue ?? false }

    // MARK: - Writing

    mutating func append(_ records: [LogRecord]) throws {
        if needsRescue {
            stable = []
            try log?.rescue(&logFiles)
        }
        try log?.append(records, to: &logFiles)
        for case .stable(let certificate) in records { stable.append(certificate) }
    }

    mutating func sync() throws {
        try log?.sync(&logFiles)
        for certificate in stable {
            if let last = snapshots?.note(stable: certificate, in: &snapshotFiles) { log?.drop(through: last) }
        }
        stable = []
    }

    /// Durable on return. What nothing goes on without is tried until there is space: then no fault but a loss of power counts.
    mutating func keep(_ checkpoint: HashedCheckpoint, after instance: Instance, untilDone: Bool = false) throws {
        let faults = snapshotFiles.faults
        if untilDone {
            snapshotFiles.faults.capacityBytes = nil
            snapshotFiles.faults.syncErrorPermille = 0
        }
        defer {
            if untilDone {
                snapshotFiles.faults.capacityBytes = faults.capacityBytes
                snapshotFiles.faults.syncErrorPermille = faults.syncErrorPermille
            }
        }
        let last = try snapshots?.keep(checkpoint, after: instance, in: &snapshotFiles)
        if let last { log?.drop(through: last) }
    }

    // MARK: - Losing power

    /// What was not synced is there or not, each piece of it for itself.
    mutating func crash() {
        logFiles.crash()
        snapshotFiles.crash()
        setFull(false)
        log = nil
        snapshots = nil
        stable = []
    }

    /// While it is read and a new segment begun nothing fails: a replica that cannot even do that does not start.
    /// Where it was damaged the log begins anew, with that incarnation.
    mutating func recover(hasVoted: Bool, incarnation: UInt64) throws -> Recovered {
        let syncErrorPermille = logFiles.faults.syncErrorPermille
        logFiles.faults.syncErrorPermille = 0
        snapshotFiles.faults.syncErrorPermille = 0
        defer {
            logFiles.faults.syncErrorPermille = syncErrorPermille
            snapshotFiles.faults.syncErrorPermille = syncErrorPermille
        }
        var restoration = Restoration()
        log = try LogWriter.open(in: &logFiles, identity, Self.settings, salt: random.next()) { restoration.add($0) }
        let finding = log?.recovery.findings.first { $0.isDamage }
        if let finding, !isDamaged { throw DiskDamaged(finding: finding) }
        var found = try SnapshotFiles(in: &snapshotFiles, identity, Self.snapshotSettings)
        defer { snapshots = found }
        let base = restoration.newestStable { found.holds($0.instance, $0.digest) }
        let checkpoint = try base.flatMap { base in
            try found.checkpoint(after: base.instance, base.digest, in: &snapshotFiles) { Hashing.hashed($0) }
        }
        if let base, let checkpoint { restoration.begin(with: try checkpoint.contents.image(), base) }
        guard finding == nil, restoration.isComplete, !hasVoted || !restoration.isEmpty else {
            // One that has begun anew may lose power before it writes anything else.
            let hasJustBegunAnew = finding == nil && restoration.isEmpty && restoration.incarnation > 0
            guard isDamaged || hasJustBegunAnew else { throw RecordsMissing() }
            isDamaged = false
            try log?.startOver(with: [.incarnation(incarnation)], in: &logFiles)
            return Recovered(restoration: Restoration(), checkpoint: nil, isDamaged: true)
        }
        return Recovered(restoration: restoration, checkpoint: checkpoint)
    }
}
