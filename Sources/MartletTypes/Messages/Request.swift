// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What names a request for ever. A session belongs to one client, but the client stands beside it so that a look-up
/// never has to trust a session to be known.
public struct RequestID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let client: ClientID
    public let session: SessionID
    public let sequence: SequenceNumber

    public init(client: ClientID, session: SessionID, sequence: SequenceNumber) {
        self.client = client
        self.session = session
        self.sequence = sequence
    }

    public static func < (left: RequestID, right: RequestID) -> Bool {
        if left.client != right.client { return left.client < right.client }
        if left.session != right.session { return left.session < right.session }
        return left.sequence < right.sequence
    }

    public var description: String { "\(client)/\(session)#\(sequence)" }
}

/// What of a request the protocol itself understands; the payload is the service's.
package enum RequestKind: Hashable, Sendable {
    /// Opens a session: names no session, its sequence is the client's increasing number of openings, no payload.
    case open
    /// An operation on the state.
    case operation
    /// A read that goes through consensus, which an unordered read falls back to.
    case orderedRead
    /// An operation on the group; no payload. A batch that holds it holds nothing else (protocol §5).
    indirect case reconfiguration(Reconfiguration)
    /// What a member has measured (adaptation §3): an operation of its own, of the session `ofReplicas`. Never a client's.
    case measure
    /// That a member which lost its votes wants to vote again (protocol §7): an operation of its own too, alone in its batch.
    case rejoin

    /// Whether it may end the view that it is ordered in.
    package var mayEndView: Bool {
        switch self {
        case .open, .operation, .orderedRead, .measure: false
        case .reconfiguration, .rejoin: true
        }
    }

    /// Whether it is a member's own, which no client can make.
    package var isOfMembers: Bool {
        switch self {
        case .measure, .rejoin: true
        case .open, .operation, .orderedRead, .reconfiguration: false
        }
    }
}

package struct Request: Hashable, Sendable {
    package let id: RequestID
    package let kind: RequestKind
    /// The client has the replies to all sequences below this one; replicas need not keep them.
    package let repliesKeptFrom: SequenceNumber
    package let payload: Bytes

    package init(id: RequestID, kind: RequestKind, repliesKeptFrom: SequenceNumber, payload: Bytes) {
        self.id = id
        self.kind = kind
        self.repliesKeptFrom = repliesKeptFrom
        self.payload = payload
    }
}

/// A client's signature over the requests it coalesced into one write: over the list of their digests, so that one
/// request can be passed on with the digests of the others.
package struct RequestProof: Hashable, Sendable {
    /// The most requests that one signature covers. Each of them takes all these digests along when it is passed on, so
    /// what a replica passes on grows with the square of this.
    package static let digestsMax = 64

    package let digests: [Digest]
    package let signature: Signature

    package init(digests: [Digest], signature: Signature) {
        self.digests = digests
        self.signature = signature
    }
}

/// What a client writes to a replica at once.
package struct RequestBundle: Hashable, Sendable {
    package let requests: [Request]
    /// Present when the client signs. Covers the digests of `requests` in their order.
    package let signature: Signature?

    package init(requests: [Request], signature: Signature?) {
        self.requests = requests
        self.signature = signature
    }
}

/// A request as Admission passes it on: with its digest, and with the client's signature where one came along and
/// was found valid.
package struct AdmittedRequest: Hashable, Sendable {
    package let request: Request
    package let digest: Digest
    package let proof: RequestProof?

    package init(request: Request, digest: Digest, proof: RequestProof?) {
        self.request = request
        self.digest = digest
        self.proof = proof
    }

    package var id: RequestID { request.id }
}

/// A read that is not ordered. Its number is the client's own and only tells replies apart.
package struct ReadRequest: Hashable, Sendable {
    package let number: UInt64
    package let query: Bytes

    package init(number: UInt64, query: Bytes) {
        self.number = number
        self.query = query
    }
}

package enum ClientMessage: Hashable, Sendable {
    case requests(RequestBundle)
    case read(ReadRequest)
    case fetchViews(FetchViews)
    /// Asks how the replica is; answered to anyone who may connect.
    case statusQuery
    /// Why leader and weights are what they are.
    case adaptationQuery
    /// Asks for this replica's share of the receipt for a request of the client's own that was executed (protocol §4).
    case fetchReceipt(RequestID)
}
