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
struct BackgroundStage<Machine: StateMachine>: Sendable {
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
        var jobs: [BackgroundJob<Machine>] = []
        while mailboxes.background.wait(into: &jobs) {
            for job in jobs { carryOut(job, &store) }
        }
    }

    private func carryOut(_ job: BackgroundJob<Machine>, _ store: inout SnapshotStore) {
        switch job {
        case .verify(let message, let sender):
            verify(message, from: sender)
        case .check(let certificate):
            mailboxes.ordering.post(.event(.certificateChecked(verifier.validShares(of: certificate))))
        case .encode(let snapshot):
            let contents = CheckpointContents(image: snapshot.image(), application: snapshot.encodedApplication())
            let checkpoint = Hashing.hashed(contents)
            store.insert(checkpoint, after: snapshot.instance)
            tell(of: checkpoint, snapshot.instance)
        case .keepAgain(let instance, let digest):
            // Unless a newer one is stable by now.
            if let checkpoint = store.checkpoint(after: instance, digest) { tell(of: checkpoint, instance) }
        case .keep(let state, let event): keep(state, thenTell: event, &store)
        case .repair(let instance, let digest): repair(instance, digest, store)
        case .noteStable(let certificate): drop(through: disk?.note(stable: certificate))
        case .serve(let service):
            serve(service, store)
        case .forget(let below):
            store.forget(below: below)
        }
    }

    // MARK: - Snapshots

    private func keep(_ state: CheckpointState, thenTell event: Event, _ store: inout SnapshotStore) {
        let instance = state.certificate.instance
        let checkpoint = Hashing.hashed(state.contents)
        store.forget(beyond: instance)
        store.insert(checkpoint, after: instance)
        if keepForGood(checkpoint, instance) {
            mailboxes.ordering.post(.event(event))
        } else {
            // Nothing goes on before: what was there is gone from memory, and this is not on the disk.
            tryAgain(.keep(state, thenTell: event))
        }
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

    /// Where it is not in memory any more, a newer one is, which takes its place on the disk as soon as it is stable.
    private func repair(_ instance: Instance, _ digest: Digest, _ store: SnapshotStore) {
        guard disk?.isDamaged(instance, digest) == true,
            let checkpoint = store.checkpoint(after: instance, digest)
        else { return }
        if keepForGood(checkpoint, instance) {
            logger.notice("the snapshot after instance \(instance) was written again where it was damaged")
        } else {
            tryAgain(.repair(instance, digest))
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
