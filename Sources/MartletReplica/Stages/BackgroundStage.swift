// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Logging
import MartletCore
import MartletCrypto
import MartletTypes
import MartletWire

/// One thread beside the stages for what takes long: it verifies heavy messages, checks certificates, and encodes, keeps
/// and serves checkpoints.
struct BackgroundStage<Machine: StreamingStateMachine>: Sendable {
    let verifier: Verifier<Ed25519Scheme>
    let mailboxes: StageMailboxes<Machine>
    let links: PeerLinks
    let drops: DropLog
    /// In a durable group.
    let disk: ReplicaDisk?
    let logger: Logger

    /// Returns when the mailbox is closed.
    func run() {
        var store = SnapshotStore()
        if let base = disk?.restoration.base, let checkpoint = disk?.baseCheckpoint {
            store.insert(checkpoint, after: base.image.instance)
        }
        var newest = NewestSnapshot<Machine>()
        var jobs: [BackgroundJob<Machine>] = []
        while mailboxes.background.wait(into: &jobs) {
            for job in jobs { carryOut(job, &store, &newest) }
            // Jobs hold snapshots; each that is alive makes the service copy what it changes.
            jobs.removeAll(keepingCapacity: true)
        }
    }

    private func carryOut(
        _ job: BackgroundJob<Machine>, _ store: inout SnapshotStore, _ newest: inout NewestSnapshot<Machine>
    ) {
        switch job {
        case .verify(let message, let sender):
            verify(message, from: sender)
        case .check(let certificate):
            mailboxes.ordering.post(.event(.certificateChecked(verifier.validShares(of: certificate))))
        case .encode(let snapshot):
            let written = newest.write(snapshot, hashing: Hashing.digest(ofChunk:))
            let contents = CheckpointContents(image: snapshot.image(), application: written.chunks)
            let checkpoint = Hashing.hashed(contents, written)
            store.insert(checkpoint, after: snapshot.instance)
            tell(of: checkpoint, snapshot.instance)
        case .keepAgain(let instance, let digest):
            // Unless a newer one is stable by now.
            if let checkpoint = store.checkpoint(after: instance, digest) { tell(of: checkpoint, instance) }
        case .restored(let snapshot, let checkpoint):
            newest.note(snapshot, restoredFrom: checkpoint)
        case .keep(let state, let snapshot, let event):
            let checkpoint = Hashing.hashed(state.contents)
            newest.note(snapshot, restoredFrom: checkpoint)
            store.forget(beyond: state.certificate.instance)
            store.insert(checkpoint, after: state.certificate.instance)
            if !keepForGood(checkpoint, state.certificate.instance, thenTell: event) { tryAgain(job) }
        case .noteStable(let certificate): drop(through: disk?.note(stable: certificate))
        case .serve(let service):
            serve(service, store)
        case .forget(let below):
            store.forget(below: below)
        }
    }

    // MARK: - Snapshots

    /// False when the disk fails: nothing goes on before that is over, since what was there is gone from memory, and this is not on
    /// the disk.
    private func keepForGood(_ checkpoint: HashedCheckpoint, _ instance: Instance, thenTell event: Event) -> Bool {
        guard keepForGood(checkpoint, instance) else { return false }
        mailboxes.ordering.post(.event(event))
        return true
    }

    /// Without a snapshot that is durable there is no word on it, and the log stays; and without enough words on any the group comes
    /// to a stand in the end.
    private func tell(of checkpoint: HashedCheckpoint, _ instance: Instance) {
        if keepForGood(checkpoint, instance) {
            mailboxes.ordering.post(.event(.snapshotTaken(instance, checkpoint.digest)))
        } else {
            tryAgain(.keepAgain(instance, checkpoint.digest))
        }
    }

    private func tryAgain(_ job: BackgroundJob<Machine>) {
        let background = mailboxes.background
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(1)) { background.post(job) }
    }

    /// False when the disk fails.
    private func keepForGood(_ checkpoint: HashedCheckpoint, _ instance: Instance) -> Bool {
        guard let disk else { return true }
        do {
            drop(through: try disk.keep(checkpoint, after: instance))
            return true
        } catch {
            logger.error("the snapshot after instance \(instance) cannot be kept: \(error)")
            return false
        }
    }

    private func drop(through instance: Instance?) {
        if let instance { mailboxes.persistence.post(.drop(through: instance)) }
    }

    private func verify(_ message: PeerMessage, from sender: ReplicaID) {
        do {
            mailboxes.ordering.post(.event(.message(try verifier.verify(message, from: sender))))
        } catch {
            drops.dropped(from: .replica(sender), because: "\(error)")
        }
    }

    private func serve(_ service: CheckpointService, _ store: SnapshotStore) {
        let certificate = service.certificate
        // Dropped in the meantime: whoever asked asks again, and is told of a newer one.
        guard let checkpoint = store.checkpoint(after: certificate.instance, certificate.digest),
            let index = links.view.index(of: service.receiver)
        else { return }
        let message = PeerMessage.checkpointState(
            CheckpointState(certificate: certificate, contents: checkpoint.contents))
        links.send([message.encoded()], to: index)
    }
}
