// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Requests to be written to each of the targets at once, as one bundle.
package struct ClientSend: Hashable, Sendable {
    /// Positions in the core's view.
    package internal(set) var targets: ReplicaSet
    /// The driver adds the client's signature over the bundle.
    package let isSigned: Bool
    package internal(set) var requests: [Request]
    /// Of the requests' payloads.
    var payloadBytes: Int
}

/// An unordered read, to be sent to each of the targets.
package struct ClientRead: Hashable, Sendable {
    package internal(set) var targets: ReplicaSet
    package let request: ReadRequest
}

/// A question for the proofs of newer views; to a former member too.
package struct ClientViewFetch: Hashable, Sendable {
    package let target: ReplicaID
    package let fetch: FetchViews
}

/// A question for the shares of a receipt, to each of the targets.
package struct ClientReceiptFetch: Hashable, Sendable {
    package var targets: ReplicaSet
    package let request: RequestID
}

/// What a receipt is made of, besides the result and the views: shares that were counted, of members that weigh a quorum.
package struct ReceiptEvidence: Hashable, Sendable {
    package let request: Request
    package let certificate: ReceiptCertificate
}

/// The end of a call: each call has exactly one.
package struct Completion: Hashable, Sendable {
    package let call: CallID
    package let outcome: Outcome
    /// Of a call with a result that wanted one and got it.
    package let receipt: ReceiptEvidence?

    init(call: CallID, outcome: Outcome, receipt: ReceiptEvidence? = nil) {
        self.call = call
        self.outcome = outcome
        self.receipt = receipt
    }
}

package enum SessionChange: Hashable, Sendable {
    case opened(SessionHandle, SessionID)
    /// The group does not know the session any more; the core is opening another.
    case evicted(SessionHandle)
}

/// Something a person may want to know; the driver logs it. Decides nothing.
package enum ClientNotice: Hashable, Sendable {
    case waiting(ClientWait)
    /// The group has another view, which this client has the proof of.
    case viewBegun(ViewNumber)
    /// The group wants this client's requests to be signed.
    case signingBegun
}

/// What the oldest unfinished call waits for.
package struct ClientWait: Hashable, Sendable {
    /// How many calls are not finished.
    package let calls: Int
    /// How long the oldest has been waiting.
    package let longest: Interval
    /// Replicas without a link, and since when.
    package let unreachable: [(replica: ReplicaID, since: Instant)]
    /// Replicas that have been sent the oldest call and have not said anything.
    package let silent: [ReplicaID]
    package let refusing: [(replica: ReplicaID, reason: RefusalReason)]

    package static func == (left: ClientWait, right: ClientWait) -> Bool {
        left.calls == right.calls && left.longest == right.longest && left.silent == right.silent
            && left.unreachable.elementsEqual(right.unreachable, by: ==)
            && left.refusing.elementsEqual(right.refusing, by: ==)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(calls)
        hasher.combine(longest)
    }
}

/// What a client core wants done, one list per kind. The driver empties it after each batch of steps and hands it in
/// again; the more steps share it, the more requests share one write. Whenever a step has changed `audience`, it must be acted on
/// before messages of replicas that are not in it, or have another key or address there, are handed in.
package struct ClientEffects: ~Copyable {
    package var sends: [ClientSend] = []
    package var reads: [ClientRead] = []
    package var viewFetches: [ClientViewFetch] = []
    package var receiptFetches: [ClientReceiptFetch] = []
    package var completions: [Completion] = []
    package var sessionChanges: [SessionChange] = []
    package var notices: [ClientNotice] = []
    /// Set when there are others to keep links to: all of them, in the order of `ClientCore.audience`. A link is to the key and the
    /// address that are named here.
    package var audience: [Member]?

    package init() {}

    package mutating func removeAll() {
        sends.removeAll(keepingCapacity: true)
        reads.removeAll(keepingCapacity: true)
        viewFetches.removeAll(keepingCapacity: true)
        receiptFetches.removeAll(keepingCapacity: true)
        completions.removeAll(keepingCapacity: true)
        sessionChanges.removeAll(keepingCapacity: true)
        notices.removeAll(keepingCapacity: true)
        audience = nil
    }

    /// What has not been sent yet goes to the places that its targets have in another view. Former members get nothing.
    mutating func move(_ moves: MemberMoves) {
        guard !moves.isNone else { return }
        for place in sends.indices { sends[place].targets = moves(sends[place].targets) }
        for place in reads.indices { reads[place].targets = moves(reads[place].targets) }
        for place in receiptFetches.indices { receiptFetches[place].targets = moves(receiptFetches[place].targets) }
        sends.removeAll { $0.targets.isEmpty }
        reads.removeAll { $0.targets.isEmpty }
        receiptFetches.removeAll { $0.targets.isEmpty }
    }

    /// Joins the newest send where that goes to the same replicas in the same way and has room.
    mutating func send(_ request: Request, to targets: ReplicaSet, isSigned: Bool, _ limits: ClientCoreConfiguration) {
        guard !targets.isEmpty else { return }
        let bytes = request.payload.count
        if let last = sends.indices.last, sends[last].targets == targets, sends[last].isSigned == isSigned,
            sends[last].requests.count < limits.sendRequestsMax,
            sends[last].payloadBytes + bytes <= limits.sendBytesMax
        {
            sends[last].requests.append(request)
            sends[last].payloadBytes += bytes
        } else {
            sends.append(ClientSend(targets: targets, isSigned: isSigned, requests: [request], payloadBytes: bytes))
        }
    }
}
