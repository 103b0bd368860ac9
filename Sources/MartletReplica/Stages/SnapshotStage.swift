// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Logging
import MartletCore
import MartletCrypto
import MartletLog
import MartletTypes
import MartletWire

/// One thread beside the stages for what takes long and may wait for a disk: it encodes and keeps checkpoints.
struct SnapshotStage<Machine: StreamingStateMachine>: Sendable {
    let mailboxes: StageMailboxes<Machine>
    /// Which the serving stage hands out.
    let store: SharedSnapshots
    /// In a durable group.
    let disk: (any DurableDisk)?
    let turns: SnapshotTurns
    /// K.
    let checkpointPeriod: Int
    let logger: Logger

    private struct Progress {
        var turns: SnapshotTurns
        /// What has come while it waited for its turn.
        var upcoming: [SnapshotJob<Machine>] = []
        var newest = NewestSnapshot<Machine>()
        var limiter = LineLimiter()
        var cleaningFailure: FileError?
    }

    /// Returns when the mailbox is closed.
    func run(beginningWith recovered: Handover<RecoveredDisk>) {
        var progress = Progress(turns: turns)
        if let recovered = recovered.take(), let base = recovered.restoration.base,
            let checkpoint = recovered.baseCheckpoint
        {
            store.change { $0.insert(checkpoint, after: base.image.instance) }
        }
        var jobs: [SnapshotJob<Machine>] = []
        while !progress.upcoming.isEmpty || mailboxes.snapshots.wait(into: &progress.upcoming) {
            swap(&jobs, &progress.upcoming)
            for (place, job) in jobs.enumerated() {
                let isAwaited =
                    jobs[(place + 1)...].contains(where: \.isAwaited) || progress.upcoming.contains(where: \.isAwaited)
                carryOut(job, isAwaited: isAwaited, &progress)
            }
            // Jobs hold snapshots; each that is alive makes the service copy what it changes.
            jobs.removeAll(keepingCapacity: true)
        }
    }

    /// `isAwaited`: the replica waits for what comes next.
    private func carryOut(_ job: SnapshotJob<Machine>, isAwaited: Bool, _ progress: inout Progress) {
        switch job {
        case .encode(let snapshot, let time):
            let turn = progress.turns.turn(takenAt: time)
            guard isAwaited || awaitTurn(turn, snapshot.instance, &progress) else { return }
            encode(snapshot, turn, mayRest: !isAwaited, &progress)
        case .keepAgain(let instance, let digest):
            // Unless a newer one is stable by now.
            if let checkpoint = store.now.checkpoint(after: instance, digest) {
                tell(of: checkpoint, instance, &progress)
            }
        case .restored(let snapshot, let checkpoint):
            progress.newest.note(snapshot, restoredFrom: checkpoint)
        case .keep(let state, let snapshot, let event): keep(state, snapshot, thenTell: event, &progress)
        case .repair(let instance, let digest): repair(instance, digest, &progress)
        case .noteStable(let certificate):
            drop(through: disk?.note(stable: certificate))
            noteCleaning(&progress)
        case .forget(let forgotten): store.change { $0.forget(forgotten) }
        }
    }

    // MARK: - Snapshots

    /// Returns when it is this replica's turn, or it must not be waited for. False when the replica stops: what has not begun is left to the
    /// next start.
    private func awaitTurn(
        _ turn: SnapshotTurns.Turn, _ instance: Instance, _ progress: inout Progress
    ) -> Bool {
        var arrived: [SnapshotJob<Machine>] = []
        while SystemClock.monotonic < turn.begin, isEarly(instance) {
            let end = min(turn.begin, SystemClock.monotonic + lookAfter)
            guard mailboxes.snapshots.wait(into: &arrived, until: end) else { return false }
            progress.upcoming += arrived
            if arrived.contains(where: \.isAwaited) { return true }
        }
        return true
    }

    /// Whether the next checkpoint is not near yet, however fast instances come by now.
    private func isEarly(_ instance: Instance) -> Bool {
        mailboxes.executed.instance < instance + checkpointPeriod / 2
    }

    private func encode(
        _ snapshot: PendingSnapshot<Machine>, _ turn: SnapshotTurns.Turn, mayRest: Bool, _ progress: inout Progress
    ) {
        let mailbox = mailboxes.snapshots
        let pace = SnapshotPace(turn) { [self] in
            mayRest && isEarly(snapshot.instance) && !mailbox.isClosed
        }
        let written = progress.newest.write(snapshot) { chunk in
            defer { pace.rest() }
            return Hashing.digest(ofChunk: chunk)
        }
        let contents = CheckpointContents(image: snapshot.image(), application: written.chunks)
        let checkpoint = Hashing.hashed(contents, written)
        store.change { $0.insert(checkpoint, after: snapshot.instance) }
        tell(of: checkpoint, snapshot.instance, &progress, resting: pace.rest)
        progress.turns.note(work: pace.work)
    }

    private func keep(
        _ state: CheckpointState, _ snapshot: Machine.Snapshot, thenTell event: Event, _ progress: inout Progress
    ) {
        let instance = state.certificate.instance
        let checkpoint = state.checkpoint
        progress.newest.note(snapshot, restoredFrom: checkpoint)
        store.change { store in
            store.forget(beyond: instance)
            store.insert(checkpoint, after: instance)
        }
        if keepForGood(checkpoint, instance, &progress) {
            mailboxes.ordering.post(.event(event))
        } else {
            // Nothing goes on before: what was there is gone from memory, and this is not on the disk.
            tryAgain(.keep(state, snapshot, thenTell: event))
        }
    }

    /// Without a snapshot that is durable there is no word on it, and the log stays; and without enough words on any the group comes
    /// to a stand in the end.
    private func tell(
        of checkpoint: HashedCheckpoint, _ instance: Instance, _ progress: inout Progress, resting: () -> Void = {}
    ) {
        if keepForGood(checkpoint, instance, &progress, resting: resting) {
            mailboxes.ordering.post(.event(.snapshotTaken(instance, checkpoint.digest)))
        } else {
            tryAgain(.keepAgain(instance, checkpoint.digest))
        }
    }

    /// Where it is not in memory any more, a newer one is, or comes: that takes its place on the disk as soon as it is stable. A restart
    /// before that begins anew.
    private func repair(_ instance: Instance, _ digest: Digest, _ progress: inout Progress) {
        guard disk?.isDamaged(instance, digest) == true else { return }
        guard let checkpoint = store.now.checkpoint(after: instance, digest) else {
            logger.warning(
                "the damaged snapshot after instance \(instance) is not in memory any more: the next stable checkpoint takes its place"
            )
            return
        }
        if keepForGood(checkpoint, instance, &progress) {
            logger.notice("the snapshot after instance \(instance) was written again where it was damaged")
        } else {
            tryAgain(.repair(instance, digest))
        }
    }

    private func tryAgain(_ job: SnapshotJob<Machine>) {
        let snapshots = mailboxes.snapshots
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(1)) { snapshots.post(job) }
    }

    /// False when the disk fails.
    private func keepForGood(
        _ checkpoint: HashedCheckpoint, _ instance: Instance, _ progress: inout Progress, resting: () -> Void = {}
    ) -> Bool {
        guard let disk else { return true }
        do {
            drop(through: try disk.keep(checkpoint, after: instance, resting: resting))
            noteCleaning(&progress)
            return true
        } catch {
            if let heldBack = progress.limiter.pass("keep", at: SystemClock.monotonic) {
                let note = heldBack > 0 ? " (and so \(heldBack) times before)" : ""
                logger.error(
                    "the snapshot after instance \(instance) cannot be kept, and is tried again: \(error)\(note)")
            }
            return false
        }
    }

    private func drop(through instance: Instance?) {
        if let instance { mailboxes.persistence.post(.drop(through: instance)) }
    }

    private func noteCleaning(_ progress: inout Progress) {
        let failure = disk?.snapshotCleaningFailure
        if let failure, failure != progress.cleaningFailure {
            logger.warning("a snapshot that is not needed any more stays, and is tried again later: \(failure)")
        }
        progress.cleaningFailure = failure
    }
}

/// How often it is looked whether there is still time to wait.
private let lookAfter = Interval.milliseconds(20)
