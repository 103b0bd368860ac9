// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Which request it was that was executed, and when: what a kept reply knows besides the result (protocol §4). Equal at all
/// replicas.
package struct Provenance: Hashable, Sendable {
    /// The digest of the request that was executed: other content that came under the same name has another.
    package let request: Digest
    /// The one that it was decided in.
    package let instance: Instance
    /// The agreed time of that instance.
    package let time: Timestamp

    package init(request: Digest, instance: Instance, time: Timestamp) {
        self.request = request
        self.instance = instance
        self.time = time
    }
}

/// What a member signs for a receipt (protocol §4): that the request with this digest was executed, in this instance at this time,
/// with the result that has this digest, and that this is final.
package struct ReceiptStatement: Hashable, Sendable {
    /// The view as whose member it says so: not earlier than the one that the request was executed in.
    package let view: ViewNumber
    package let provenance: Provenance
    package let result: Digest

    package init(view: ViewNumber, provenance: Provenance, result: Digest) {
        self.view = view
        self.provenance = provenance
        self.result = result
    }
}

/// What a replica knows of an executed request, not hashed and not signed yet.
package struct ReceiptClaim: Hashable, Sendable {
    package let request: RequestID
    package let view: ViewNumber
    package let provenance: Provenance
    package let result: Bytes

    package init(request: RequestID, view: ViewNumber, provenance: Provenance, result: Bytes) {
        self.request = request
        self.view = view
        self.provenance = provenance
        self.result = result
    }
}

/// One member's part in a receipt.
package struct ReceiptShare: Hashable, Sendable {
    /// What was asked about; only tells answers apart, since the request's digest covers its name.
    package let request: RequestID
    package let statement: ReceiptStatement
    package let signature: Signature

    package init(request: RequestID, statement: ReceiptStatement, signature: Signature) {
        self.request = request
        self.statement = statement
        self.signature = signature
    }
}

/// Shares with one statement, of members that weigh a quorum of its view, by ascending replica.
package struct ReceiptCertificate: Hashable, Sendable {
    package let statement: ReceiptStatement
    package let shares: [SignatureShare]

    package init(statement: ReceiptStatement, shares: [SignatureShare]) {
        self.statement = statement
        self.shares = shares
    }
}

/// What shows to anyone who trusts a group's genesis that the group executed a client's operation, and with which result (protocol
/// §4): all views since the genesis, and the word of members that weigh a quorum of the last of them. Nothing in it counts before it
/// is checked.
public struct Receipt: Hashable, Sendable {
    /// The group's id, which every signature covers.
    package let group: Digest
    /// Of all views from the second on, one after the other, up to the one whose members signed.
    package let chain: [ViewCertificate]
    /// The view whose members signed.
    package let view: ViewNumber
    package let request: Request
    public let result: Bytes
    package let instance: Instance
    package let time: Timestamp
    /// By ascending replica.
    package let shares: [SignatureShare]

    package init(
        group: Digest, chain: [ViewCertificate], view: ViewNumber, request: Request, result: Bytes, instance: Instance,
        time: Timestamp, shares: [SignatureShare]
    ) {
        self.group = group
        self.chain = chain
        self.view = view
        self.request = request
        self.result = result
        self.instance = instance
        self.time = time
        self.shares = shares
    }

    /// Who wanted it.
    public var client: ClientID { request.id.client }
    /// What was executed, as the service understands it.
    public var operation: Bytes { request.payload }
}
