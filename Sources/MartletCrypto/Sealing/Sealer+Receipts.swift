// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes
import MartletWire

extension Sealer {
    /// This replica's share of a receipt (protocol §4): hashes the result, and signs. The claim must be of what is decided.
    package func share(of claim: ReceiptClaim) -> ReceiptShare {
        let statement = ReceiptStatement(
            view: claim.view, provenance: claim.provenance, result: Hashing.digest(ofResult: claim.result))
        return ReceiptShare(
            request: claim.request, statement: statement, signature: signature(of: .receipt(statement)))
    }
}
