// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletTypes
import MartletWire

/// What is too long to verify for a thread that others wait for.
enum VerificationJob: Sendable {
    /// A message with many signatures, or with much to hash; and the key that the channel has shown.
    case verify(PeerMessage, from: ReplicaID, holding: PublicKey)
    case check(DecisionCertificate)
}

/// A thread for them. A leader change waits for it, so that it waits for nothing itself, least of all for a disk.
struct VerificationStage: Sendable {
    let verifier: Verifier<Ed25519Scheme>
    let jobs: Mailbox<VerificationJob>
    let ordering: Mailbox<OrderingInput>
    let drops: DropLog

    /// Returns when the mailbox is closed.
    func run() {
        var taken: [VerificationJob] = []
        while jobs.wait(into: &taken) {
            for job in taken { carryOut(job) }
        }
    }

    private func carryOut(_ job: VerificationJob) {
        switch job {
        case .verify(let message, let sender, let key): verify(message, from: sender, holding: key)
        case .check(let certificate):
            ordering.post(.event(.certificateChecked(verifier.validShares(of: certificate))))
        }
    }

    private func verify(_ message: PeerMessage, from sender: ReplicaID, holding key: PublicKey) {
        do {
            ordering.post(.event(.message(try verifier.verify(message, from: sender, holding: key))))
        } catch {
            if case .manifest(let it) = message, case .manifestDiffers = error {
                ordering.post(.event(.manifestDiffers(it.checkpoint, from: sender)))
            }
            drops.dropped(from: .replica(sender), because: "\(error)")
        }
    }
}
