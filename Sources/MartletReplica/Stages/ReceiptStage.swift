// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTransport
import MartletTypes
import MartletWire

/// A thread that hashes results and signs shares of receipts (protocol §4), so that nobody who orders or executes waits for it. What it
/// is given comes at the pace of `ReceiptLine`, far slower than it works.
struct ReceiptStage: Sendable {
    let jobs: Mailbox<ReceiptJob>
    let sealer: Sealer<Ed25519Scheme>

    /// Returns when the mailbox is closed.
    func run() {
        var taken: [ReceiptJob] = []
        while jobs.wait(into: &taken) {
            for job in taken {
                job.asker.send([ReplicaToClientMessage.receipt(sealer.share(of: job.claim)).encoded()])
            }
        }
    }
}
