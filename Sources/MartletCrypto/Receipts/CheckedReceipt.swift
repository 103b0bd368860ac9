// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

public import MartletTypes

/// A receipt that shows what it says, to whoever trusts the genesis that it was checked against (protocol §4): in an instance of that
/// group, at that agreed time, just this operation of just this client was executed, once and for good, and gave this result.
public struct CheckedReceipt: Hashable, Sendable {
    public let receipt: Receipt
    /// The view whose members signed.
    package let view: View
    /// Who signed, by ascending id.
    public let signers: [ReplicaID]
    /// What they weigh, as whole numbers: in units of 1/f of a light member's weight.
    public let weight: Int
    /// What a quorum of that view weighs at least, in the same units.
    public let quorumWeight: Int

    public var client: ClientID { receipt.client }
    public var operation: Bytes { receipt.operation }
    public var result: Bytes { receipt.result }
    public var instance: Instance { receipt.instance }
    public var time: Timestamp { receipt.time }
    public var viewNumber: ViewNumber { receipt.view }

    init(receipt: Receipt, view: View, signers: [ReplicaID], weight: Int, quorumWeight: Int) {
        self.receipt = receipt
        self.view = view
        self.signers = signers
        self.weight = weight
        self.quorumWeight = quorumWeight
    }
}
