// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What became of an operation or a read: exactly one of three.
public enum Outcome: Hashable, Sendable {
    /// It took effect, and enough replicas agree on this result.
    case result(Bytes, ReplyCertificate)
    /// It did not take effect and never will.
    case failed(FailureReason)
    /// It was sent, and may have taken effect or take effect later. Only the application can find out, by reading.
    case unknown(UnknownReason)
}

/// Why something failed for sure.
public enum FailureReason: Hashable, Sendable, CustomStringConvertible {
    /// Its deadline passed before it was sent to any replica: none could be reached, or too few to open a session.
    case neverSent
    /// A read whose deadline passed before enough replicas agreed; a read changes nothing.
    case readUnanswered
    case payloadTooLarge(bytes: Int, bytesMax: Int)
    /// The group does not serve this client.
    case accessDenied
    /// Too many calls wait in this client.
    case tooManyCalls(max: Int)
    /// The client was closed before it was sent.
    case closed
    /// The group refuses to be changed so, with the reason.
    case reconfigurationRefused(String)

    public var description: String {
        switch self {
        case .neverSent: "too few replicas answered before its deadline, so it was never sent"
        case .readUnanswered: "not enough replicas answered the read in time"
        case .payloadTooLarge(let bytes, let bytesMax): "it has \(bytes) bytes, but the group takes at most \(bytesMax)"
        case .accessDenied:
            "the group does not serve this client; its administrators can admit its public key: martlet admin client add KEY"
        case .tooManyCalls(let max): "\(max) calls are waiting in this client already"
        case .closed: "the client was closed before it was sent"
        case .reconfigurationRefused(let reason): "the group refuses it: \(reason)"
        }
    }
}

/// Why it is not known whether an operation took effect.
public enum UnknownReason: Hashable, Sendable, CustomStringConvertible {
    /// Its deadline passed after it was sent.
    case deadline
    /// Its session was evicted by the group before the result was known.
    case sessionEvicted
    /// It took effect, but its result is kept no longer.
    case replyForgotten
    /// Its place in the session is too old for the group to know whether it took effect.
    case sequenceTooOld
    /// The client was closed after it was sent.
    case closed
    /// The caller's task was cancelled, so nobody waits for the result.
    case cancelled
    /// The group came to serve this client no longer before the result was known: its sessions ended.
    case accessDenied

    public var description: String {
        switch self {
        case .deadline: "it was sent, but not enough replicas answered before its deadline"
        case .sessionEvicted: "its session was evicted before enough replicas answered"
        case .replyForgotten: "it took effect, but its result is kept no longer"
        case .sequenceTooOld: "the replicas do not remember any more whether it took effect"
        case .closed: "the client was closed before enough replicas answered"
        case .cancelled: "the caller stopped waiting for it"
        case .accessDenied: "the group serves this client no longer, and did not tell before whether it took effect"
        }
    }
}

/// What a result rests on: matching replies of one view from replicas that its rules (protocol §4) call enough, each
/// known from its own authenticated channel.
public struct ReplyCertificate: Hashable, Sendable {
    /// What the replies agree in besides the result.
    public enum Basis: Hashable, Sendable {
        /// Replies that say the instance is decided.
        case final
        /// Some say so, the others that it is executed tentatively, all in this epoch and instance.
        case tentative(epoch: Epoch, instance: Instance)
        /// Answers to an unordered read; the version is the last instance that changed what was read.
        case read(version: Instance)
    }

    /// The view whose members replied.
    public let view: ViewNumber
    public let basis: Basis
    package let voters: ReplicaSet
    /// The ids of the view's members by position: shared by all certificates of a view, so that none allocates.
    private let memberIDs: [ReplicaID]

    package init(view: ViewNumber, basis: Basis, voters: ReplicaSet, memberIDs: [ReplicaID]) {
        self.view = view
        self.basis = basis
        self.voters = voters
        self.memberIDs = memberIDs
    }

    /// The replicas whose replies match, in the order of the view.
    public var replicas: [ReplicaID] { voters.map { memberIDs[$0.position] } }
}
