// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// Shares of receipts, as a client gets them (protocol §4).
extension Verifier {
    /// What it says is for the client to compare: a liar signs what it likes, but in its own name only.
    func checked(_ share: ReceiptShare, from sender: ReplicaID) throws(VerificationError) -> ReceiptShare {
        let statement = share.statement
        guard VerifierLimits.isInRange(statement.provenance.instance.rawValue, from: 1),
            VerifierLimits.isInRange(statement.provenance.time.rawValue, from: 0)
        else { throw .numberOutOfRange }
        let view = try known(statement.view).view
        guard view.index(of: sender) != nil else { throw .notMember(sender) }
        guard isValid(share.signature, of: .receipt(statement), by: sender, in: view) else { throw .invalidSignature }
        return share
    }
}
