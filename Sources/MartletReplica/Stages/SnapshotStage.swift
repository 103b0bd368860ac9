// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Logging
import MartletCore
import MartletCrypto
import MartletLog
import MartletTypes
import MartletWire

/// One thread beside the stages for what takes long and may wait for a disk: it encodes, keeps and serves checkpoints.
struct SnapshotStage<Machine: StateMachine>: Sendable {
    let mailboxes: StageMailboxes<Machine>
    let links: PeerLinks
    /// In a durable group.
    let disk: (any DurableDisk)?
    let logger: Logger

    private struct Progress {
        var store = SnapshotStore()
        var limiter = LineLimiter()
        var cleaningFailure: FileError?
    }

    /// Returns when the mailbox is closed.
    func run(beginningWith recovered: Handover<RecoveredDisk>) {
        var progress = Progress()
        if let recovered = recovered.take(), let base = recovered.restoration.base, let state = recovered.baseState {
            progress.store.insert(state, instance: base.image.instance, digest: base.certificate.digest)
        }
        var jobs: [SnapshotJob<Machine>] = []
        while mailboxes.snapshots.wait(into: &jobs) {
            for job in jobs { carryOut(job, &progress) }
        }
    }

    private func carryOut(_ job: SnapshotJob<Machine>, _ progress: inout Progress) {
        switch job {
        case .encode(let snapshot):
            let state = snapshot.image().encoded()
            let digest = Hashing.checkpointDigest(of: state)
            progress.store.insert(state, instance: snapshot.instance, digest: digest)
            tell(of: state, snapshot.instance, digest, &progress)
        case .keepAgain(let instance, let digest):
            // Unless a newer one is stable by now.
            if let state = progress.store.state(instance: instance, digest: digest) {
                tell(of: state, instance, digest, &progress)
            }
        case .keep(let state, let event): keep(state, thenTell: event, &progress)
        case .noteStable(let certificate):
            drop(through: disk?.note(stable: certificate))
            noteCleaning(&progress)
        case .serve(let service):
            serve(service, progress.store)
        case .forget(let below):
            progress.store.forget(below: below)
        }
    }

    // MARK: - Snapshots

    private func keep(_ state: CheckpointState, thenTell event: Event, _ progress: inout Progress) {
        let certificate = state.certificate
        progress.store.forget(beyond: certificate.instance)
        progress.store.insert(state.state, instance: certificate.instance, digest: certificate.digest)
        if keepForGood(state.state, certificate.instance, certificate.digest, &progress) {
            mailboxes.ordering.post(.event(event))
        } else {
            // Nothing goes on before: what was there is gone from memory, and this is not on the disk.
            tryAgain(.keep(state, thenTell: event))
        }
    }

    /// Without a snapshot that is durable there is no word on it, and the log stays; and without enough words on any the group comes
    /// to a stand in the end.
    private func tell(of state: Bytes, _ instance: Instance, _ digest: Digest, _ progress: inout Progress) {
        if keepForGood(state, instance, digest, &progress) {
            mailboxes.ordering.post(.event(.snapshotTaken(instance, digest)))
        } else {
            tryAgain(.keepAgain(instance, digest))
        }
    }

    private func tryAgain(_ job: SnapshotJob<Machine>) {
        let snapshots = mailboxes.snapshots
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(1)) { snapshots.post(job) }
    }

    /// False when the disk fails.
    private func keepForGood(
        _ state: Bytes, _ instance: Instance, _ digest: Digest, _ progress: inout Progress
    ) -> Bool {
        guard let disk else { return true }
        do {
            drop(through: try disk.keep(state, after: instance, digest))
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

    private func serve(_ service: CheckpointService, _ store: SnapshotStore) {
        let certificate = service.certificate
        // Dropped in the meantime: whoever asked asks again, and is told of a newer one.
        guard let state = store.state(instance: certificate.instance, digest: certificate.digest),
            let index = links.view.index(of: service.receiver)
        else { return }
        let message = PeerMessage.checkpointState(CheckpointState(certificate: certificate, state: state))
        links.send([message.encoded()], to: index)
    }
}
