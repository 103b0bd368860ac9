// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What ordered execution made of a request; equal at all replicas.
package enum ReplyBody: Hashable, Sendable {
    case result(Bytes)
    case opened(SessionID)
    /// The session does not exist, or not any more, or belongs to another client. Nothing was executed by this order.
    case sessionUnknown
    /// The sequence lies below the session's last w. Nothing was executed by this order.
    case sequenceTooOld
    /// It was executed before, but its reply is kept no longer: the client itself said that it has it.
    case replyForgotten
    /// An opening whose number is lower than the client's last one.
    case openingStale
    /// What became of an operation on the group.
    case reconfigured(ReconfigurationResult)
    /// The group does not serve this client. Nothing was executed by this order, and the session, if there was one, has ended.
    case accessDenied
}

/// How final a reply is (protocol §4).
package enum Finality: Hashable, Sendable {
    /// The instance is decided; joins any other reply.
    case final
    /// Executed before the decision; counts only together with replies of the same three numbers.
    case tentative(epoch: Epoch, instance: Instance)
}

package struct Reply: Hashable, Sendable {
    package let view: ViewNumber
    package let request: RequestID
    package let finality: Finality
    package let body: ReplyBody

    package init(view: ViewNumber, request: RequestID, finality: Finality, body: ReplyBody) {
        self.view = view
        self.request = request
        self.finality = finality
        self.body = body
    }
}

package struct ReadReply: Hashable, Sendable {
    package let view: ViewNumber
    package let number: UInt64
    package let version: Instance
    package let result: Bytes

    package init(view: ViewNumber, number: UInt64, version: Instance, result: Bytes) {
        self.view = view
        self.number = number
        self.version = version
        self.result = result
    }
}

/// Why one replica, for itself, does not take a request. Not ordered, so it says nothing about the others.
package enum RefusalReason: UInt8, Hashable, Sendable, CaseIterable {
    case sessionUnknown = 1
    case sequenceTooOld = 2
    /// Over a limit; try again later.
    case overloaded = 3
    case payloadTooLarge = 4
    /// A request with another content under the same name was received before.
    case conflicting = 5
    /// The group does not serve this client.
    case accessDenied = 6
    /// Learner, recovering, or the view is not installed; ask the others.
    case notServing = 7
    /// Send it signed: the leader does not order it, or only signed requests are proposed for the time being, since only
    /// they can be shown to the others.
    case signatureRequired = 8
    /// Unordered reads are off.
    case readsAreOrdered = 9
    /// An operation on the group for a view that has ended: it was not done, and never will be.
    case viewEnded = 10
    /// An operation on the group that too few administrators have signed, or others.
    case notAuthorised = 11
}

package struct Refusal: Hashable, Sendable {
    /// The request refused; for an unordered read only its number counts (as sequence).
    package let request: RequestID
    package let reason: RefusalReason

    package init(request: RequestID, reason: RefusalReason) {
        self.request = request
        self.reason = reason
    }
}

package enum ReplicaMode: UInt8, Hashable, Sendable {
    /// Votes.
    case voter = 1
    /// Follows without votes: its votes are lost, or it is not a voter yet (protocol §7).
    case learner = 2
}

/// How far a replica has fetched a state from the others.
package struct FetchingStatus: Hashable, Sendable {
    /// The state is that after this one.
    package let instance: Instance
    package let bytesHeld: UInt64
    /// 0 while it is not known.
    package let bytesTotal: UInt64
    /// As fast as it came so far; nil while that cannot be said.
    package let secondsLeft: UInt32?

    package init(instance: Instance, bytesHeld: UInt64, bytesTotal: UInt64, secondsLeft: UInt32?) {
        self.instance = instance
        self.bytesHeld = bytesHeld
        self.bytesTotal = bytesTotal
        self.secondsLeft = secondsLeft
    }
}

/// How a replica sees itself and its group.
package struct ReplicaStatus: Hashable, Sendable {
    package let replica: ReplicaID
    package let mode: ReplicaMode
    package let epoch: Epoch
    /// Whether this epoch's SYNC is known (always true in the first regency).
    package let isSynced: Bool
    package let leader: ReplicaID
    package let decided: Instance
    package let executed: Instance
    package let stableCheckpoint: Instance
    /// The highest instance that it knows others to have decided.
    package let highestKnown: Instance
    package let pendingRequests: UInt32
    package let softwareVersion: String
    /// How many places on its disk it has found damaged since it was started.
    package let damagesFound: UInt32
    /// Whether some of that is not mended yet.
    package let isDamaged: Bool
    /// A state that it is fetching.
    package let fetching: FetchingStatus?
    /// Whom it serves, by what it has executed.
    package let access: AccessSummary
    /// The others, by ascending id.
    package let peers: [PeerReport]

    package init(
        replica: ReplicaID, mode: ReplicaMode, epoch: Epoch, isSynced: Bool, leader: ReplicaID, decided: Instance,
        executed: Instance, stableCheckpoint: Instance, highestKnown: Instance, pendingRequests: UInt32,
        softwareVersion: String, damagesFound: UInt32 = 0, isDamaged: Bool = false, fetching: FetchingStatus? = nil,
        access: AccessSummary = AccessTable.open.summary, peers: [PeerReport] = []
    ) {
        self.replica = replica
        self.mode = mode
        self.epoch = epoch
        self.isSynced = isSynced
        self.leader = leader
        self.decided = decided
        self.executed = executed
        self.stableCheckpoint = stableCheckpoint
        self.highestKnown = highestKnown
        self.pendingRequests = pendingRequests
        self.softwareVersion = softwareVersion
        self.damagesFound = damagesFound
        self.isDamaged = isDamaged
        self.fetching = fetching
        self.access = access
        self.peers = peers
    }
}

/// What a replica knows of another one, member or learner.
package struct PeerReport: Hashable, Sendable {
    /// The most in one status: those of its present view, and of the newest that it knows.
    package static let countMax = 256

    package let replica: ReplicaID
    /// Whether it follows without being a member yet.
    package let isLearner: Bool
    /// The newest instance that it is known to have decided; 0 where it has not told.
    package let decided: Instance
    /// For how many seconds it could not be reached; nil while there is a connection to it.
    package let unreachableSeconds: UInt32?

    package init(replica: ReplicaID, isLearner: Bool, decided: Instance, unreachableSeconds: UInt32?) {
        self.replica = replica
        self.isLearner = isLearner
        self.decided = decided
        self.unreachableSeconds = unreachableSeconds
    }
}

package enum ReplicaToClientMessage: Hashable, Sendable {
    case reply(Reply)
    case readReply(ReadReply)
    case refusal(Refusal)
    case status(ReplicaStatus)
    /// Sent to whoever asks, and to everyone connected when a new view begins.
    case views(ViewChainPart)
    case adaptation(AdaptationReport)
    case receipt(ReceiptShare)
}
