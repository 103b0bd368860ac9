// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

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

    /// Returns when the mailbox is closed.
    func run() {
        var store = SnapshotStore()
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
            let state = snapshot.image().encoded()
            let digest = Hashing.checkpointDigest(of: state)
            store.insert(state, instance: snapshot.instance, digest: digest)
            mailboxes.ordering.post(.event(.snapshotTaken(snapshot.instance, digest)))
        case .keep(let state):
            store.insert(
                state.state, instance: state.certificate.instance, digest: state.certificate.digest)
        case .serve(let service):
            serve(service, store)
        case .forget(let below):
            store.forget(below: below)
        }
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
        guard let state = store.state(instance: certificate.instance, digest: certificate.digest),
            let index = links.view.index(of: service.receiver)
        else { return }
        let message = PeerMessage.checkpointState(CheckpointState(certificate: certificate, state: state))
        links.send([message.encoded()], to: index)
    }
}
