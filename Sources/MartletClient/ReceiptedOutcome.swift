// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
public import MartletTypes

/// What became of an operation whose result was to be signed (protocol §4).
public struct ReceiptedOutcome: Hashable, Sendable {
    public let outcome: Outcome
    /// Nil when the operation has no result, or when too few replicas have signed it in time.
    public let receipt: Receipt?

    init(outcome: Outcome, receipt: Receipt?) {
        self.outcome = outcome
        self.receipt = receipt
    }

    /// Without a receipt that would convince nobody. One that its signers meant otherwise is of another process with the same key, in the
    /// same session and under the same sequence; no correct client gets there.
    func checked(against genesis: Genesis) -> ReceiptedOutcome {
        guard let receipt else { return self }
        do throws(ReceiptError) {
            _ = try receipt.checked(against: genesis)
            return self
        } catch {
            return ReceiptedOutcome(outcome: outcome, receipt: nil)
        }
    }
}
