// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// An operation that a member orders for itself (adaptation §3): a request in its own name, with its signature as a replica.
/// No client can make one, nor a member one for another.
package struct ReplicaOperation: Hashable, Sendable {
    package let request: Request
    package var signature: Signature

    package init(request: Request, signature: Signature = .absent) {
        self.request = request
        self.signature = signature
    }
}

extension Request {
    /// A member's report of what it has measured.
    package static func measure(
        _ report: LatencyReport, in view: ViewNumber, number: SequenceNumber, by key: PublicKey
    ) -> Request {
        Request(
            id: RequestID(client: ClientID(key), session: .ofReplicas, sequence: number), kind: .measure,
            repliesKeptFrom: SequenceNumber(0), payload: report.payload(in: view))
    }

    /// That another incarnation of a member wants to vote.
    package static func rejoin(_ rejoin: Rejoin, number: SequenceNumber, by key: PublicKey) -> Request {
        Request(
            id: RequestID(client: ClientID(key), session: .ofReplicas, sequence: number), kind: .rejoin,
            repliesKeptFrom: SequenceNumber(0), payload: rejoin.payload)
    }
}
