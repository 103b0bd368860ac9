// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The driver's name for a session: 0, 1, 2 and so on, densely, since the core keeps a list. The session behind it is
/// opened, and opened anew after an eviction, by the core. A handle may be handed on to another user at any time.
package struct SessionHandle: DistinctNumber {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    /// More handles than this are a mistake of the driver.
    package static let countMax = 1 << 20
}

/// The driver's name for a call; the core only gives it back.
package struct CallID: DistinctNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Something to be done by the group.
package struct Call: Sendable {
    package enum Kind: Hashable, Sendable {
        /// Ordered.
        case operation
        /// Unordered where the group allows it, ordered where that does not succeed.
        case read
        /// Ordered; the payload is empty. Its result is the number of the view that follows, in digits.
        indirect case reconfiguration(Reconfiguration)
    }

    package let id: CallID
    package let session: SessionHandle
    package let kind: Kind
    package let payload: Bytes
    /// `.distantFuture` for none.
    package let deadline: Instant
    /// Whether the replicas are asked to sign the result (protocol §4); of operations only. The call then ends when that is done, or at
    /// its deadline with the result alone.
    package let wantsReceipt: Bool

    package init(
        id: CallID, session: SessionHandle, kind: Kind, payload: Bytes, deadline: Instant, wantsReceipt: Bool = false
    ) {
        precondition(!wantsReceipt || kind == .operation, "a receipt is of an operation")
        self.wantsReceipt = wantsReceipt
        self.id = id
        self.session = session
        self.kind = kind
        self.payload = payload
        self.deadline = deadline
    }
}

/// Everything that can happen to a client core.
package enum ClientEvent: Sendable {
    /// Opens the session in advance; the first call would do it too.
    case open(SessionHandle)
    case call(Call)
    /// From a replica, on its own channel. A status is ignored: the core asks for none.
    case message(Verified<ReplicaToClientMessage>)
    /// From now on the replica can be sent to; what it may have missed is sent to it at once. The view is the newest that it
    /// says to know.
    case linkUp(ReplicaID, view: ViewNumber = .genesis)
    case linkDown(ReplicaID)
    /// The replica turns the client away, since the group does not serve it; a `linkUp` takes it back.
    case linkDenied(ReplicaID)
    /// The time `nextDeadline` named has come.
    case deadline
    /// Ends all calls: those never sent fail, the outcome of the others is unknown.
    case close
}
