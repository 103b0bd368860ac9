// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// A call that is not finished, or an opening.
struct PendingCall {
    enum Kind: UInt8 {
        case operation
        case read
        case opening
        case reconfiguration
    }

    enum Phase: UInt8 {
        /// The slot is not in use.
        case free
        /// Not sent as an ordered request: the session is not open, its pipeline full, or no replica can be reached.
        case waiting
        /// Sent as an unordered read, or about to be.
        case reading
        /// Sent as an ordered request.
        case ordering
        /// Its result is known; its receipt is asked for.
        case receipting
    }

    var phase = Phase.free
    var kind = Kind.operation
    /// Counts the users of this slot, so that what comes late for an earlier one is told apart.
    var generation: UInt32 = 0
    var id = CallID(0)
    var session = SessionHandle(0)
    var payload: Bytes = []
    var reconfiguration: Reconfiguration?
    var submitted = Instant.zero
    var deadline = Instant.distantFuture

    // Fixed at the first sending, so that every later one is the same bytes.
    var requestID: RequestID
    var repliesKeptFrom = SequenceNumber(0)
    var sent = Instant.zero
    /// Whether any replica was ever sent it, in any phase.
    var wasSent = false
    /// Whom it was sent to in this phase.
    var targets = ReplicaSet()
    /// How often it was sent again in this phase.
    var repetitions = 0

    var replies = ReplyTally()
    var refusals = RefusalTally()

    var wantsReceipt = false
    /// While its receipt is asked for.
    var result: (Bytes, ReplyCertificate)?
    var receipts = ReceiptTally()

    /// The neighbours in the session's list of waiting calls; −1 for none.
    var previous = -1
    var next = -1

    init(client: ClientID) {
        requestID = RequestID(client: client, session: .none, sequence: SequenceNumber(0))
    }

    var request: Request {
        let kind: RequestKind =
            switch self.kind {
            case .operation: .operation
            case .read: .orderedRead
            case .opening: .open
            case .reconfiguration: reconfiguration.map { .reconfiguration($0) } ?? .operation
            }
        return Request(id: requestID, kind: kind, repliesKeptFrom: repliesKeptFrom, payload: payload)
    }

    func hasHeard(from replica: ReplicaIndex) -> Bool {
        replies.voted.contains(replica) || receipts.voted.contains(replica)
    }

    /// Forgets what was said to an earlier sending in another phase or session.
    mutating func forgetAnswers() {
        replies = ReplyTally()
        refusals = RefusalTally()
        receipts = ReceiptTally()
        targets = ReplicaSet()
        repetitions = 0
    }
}
