// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

package enum Destination: Hashable, Sendable {
    /// All peers (`Effects.audience`), this one too (by the loopback link).
    case everyone
    case others
    /// One of them; this replica itself is reached by the loopback link.
    case replica(ReplicaID)
}

package struct Send: Hashable, Sendable {
    package let destination: Destination
    package let message: PeerMessage
    /// It may leave when all records up to there are durable.
    package let after: LogPosition

    package init(_ message: PeerMessage, to destination: Destination, after: LogPosition = .start) {
        self.destination = destination
        self.message = message
        self.after = after
    }
}

package struct ClientRefusal: Hashable, Sendable {
    package let client: ClientID
    package let refusal: Refusal
}

/// What execution shall do with one request of a decided batch; decided by the core, equal at all replicas.
package enum ExecutionVerdict: Hashable, Sendable {
    /// Execute it, keep and send the reply.
    case execute
    /// A new session: send `.opened`, and drop the kept replies of the evicted sessions.
    case open(SessionID, evicted: [SessionID])
    /// An operation on the group: keep and send what became of it.
    case reconfigure(ReconfigurationResult)
    /// Executed before: send the kept reply again.
    case repeated
    /// Not executed: send this.
    case refuse(ReplyBody)
}

package struct ExecutionStep: Hashable, Sendable {
    package let request: Request
    /// As the batch lists it. Not the request's where that is void, since a body may only stand in for it then.
    package let digest: Digest
    package let verdict: ExecutionVerdict

    /// Whether the request does anything here; a void one does not.
    package var isFresh: Bool {
        switch verdict {
        case .execute, .open, .reconfigure: true
        case .repeated, .refuse: false
        }
    }
}

/// A batch to be executed in instance order.
package struct Execution: Hashable, Sendable {
    /// In which this replica was when it had it executed.
    package let epoch: Epoch
    package let instance: Instance
    package let digest: Digest
    package let time: Timestamp
    package let steps: [ExecutionStep]

    /// Each step's own seed follows from it and the step's place.
    package var seed: UInt64 { digest.words.word0 }

    /// What is kept of a step that is executed, besides its result.
    package func provenance(of step: ExecutionStep) -> Provenance {
        Provenance(request: step.digest, instance: instance, time: time)
    }
}

/// What the execution stage shall do, strictly in this order.
package enum ExecutionOrder: Sendable {
    /// What follows is carried out, and answered, only when all records up to there are durable. For `DurabilityGate`, which
    /// passes it on to nobody.
    case awaitDurable(LogPosition)
    /// Decided; it may be executed tentatively already, and then it is final now.
    case execute(Execution)
    /// Locked in that epoch, but not decided (protocol §5): reply tentatively, and be ready to go back.
    case executeTentatively(Execution)
    /// Answer no reads before everything up to that instance is in the state: this replica has sent ACCEPT for it, so that it may
    /// be decided and its result be told by others, but it cannot execute it yet.
    case holdReads(upTo: Instance)
    /// Go back to the state after that instance: what was executed tentatively beyond it has been replaced.
    case rollBack(to: Instance)
    /// Take a snapshot now, after that instance; answer with `Event.snapshotTaken`. The records' replies are left empty
    /// for the stage to fill in. The view is the one that the next instance belongs to.
    case snapshot(instance: Instance, time: Timestamp, view: View, sessions: SessionTable, adaptation: AdaptationImage)
    /// The view has ended: answer no unordered reads before the next one begins (protocol §3).
    case endView
    /// What is answered from here on is of this view.
    case beginView(View)
    /// The group has admitted this replica again: from the view that begins now on clients may count on it.
    case beginVoting
    /// This replica's votes or state are wrong: nobody is to count on it, nor on what it answers.
    case stopVoting
    /// Send the kept reply of a request that was executed before.
    case resend(RequestID)
    /// Tell the client again that this request opened this session.
    case tellOpened(SessionID, RequestID)
    /// Replace the state; answer with `Event.checkpointInstalled`.
    case install(CheckpointState)
    /// These sessions have ended with the last instance: their clients are served no longer. Drop their kept replies.
    case endSessions([SessionID])
    /// The group serves these from here on: whoever is not among them has been told all that there is, and may be let go.
    case serve(ServedClients)
    /// The client is not served. What was done for it before, and may wait for the disk, it is told first.
    case refuse(ClientRefusal)
    /// Snapshots below this instance are not needed any more, besides those after these, which somebody fetches.
    case forgetSnapshots(below: Instance, except: [Instance])
}

/// Something a person may want to know; the driver logs it. Decides nothing.
package enum Notice: Hashable, Sendable {
    case regencyInstalled(Epoch, leader: ReplicaID, reasons: [StopReason])
    case synced(Epoch, settled: Int, proposingFrom: Instance)
    case stopSent(Regency, StopReason)
    case proposalRefused(Instance, leader: ReplicaID, ProposalComplaint)
    case requestsMissing(Instance, count: Int)
    case strictModeBegun(until: Instant)
    case strictModeEnded
    /// This replica's probes took the leader too long, again and again.
    case leaderTooSlow(ReplicaID, took: Interval, allowed: Interval)
    case checkpointStable(Instance)
    case behind(Instance, known: Instance)
    case caughtUp(Instance)
    /// A checkpoint is being fetched; at the beginning, now and then, and when all of it is there.
    case fetchingState(TransferProgress)
    case logBroken
    case logMended
    /// At that instance this replica waits for its disk, on which so many records are not durable yet; and then no more.
    case diskBehind(Instance, unwritten: Int)
    case diskKeptUp
    /// What was executed tentatively beyond that instance, up to the other, was replaced.
    case rolledBack(to: Instance, from: Instance)
    case followingAsLearner
    /// This replica asks the others to let it vote again.
    case askedToRejoin(ViewNumber)
    /// They have: it votes again.
    case admittedAgain(ViewNumber)
    /// Its own signature is on what it knows nothing of: it has lost its votes.
    case votesForgotten(ForgottenWord)
    /// Another incarnation of this replica was admitted; it must not vote.
    case replacedByAnother(ViewNumber)
    case viewEnded(ViewNumber, last: Instance)
    case viewBegun(ViewNumber, leader: ReplicaID)
    case misbehaviour(ReplicaID, Misbehaviour)
    /// A proved view does not list this replica any more.
    case leftGroup(ViewNumber)
    /// This replica is in the group no longer, but these members of that view have not been seen in it yet, and may need what it has.
    case stillNeeded(ViewNumber, by: [ReplicaID])
    /// In that view this replica has another key than the one that it runs with.
    case keyReplaced(ViewNumber)
    /// In that view the group speaks this version of the protocol, and this replica does not: it goes no further.
    case versionUnspoken(ViewNumber, UInt16)
    /// It says that its program speaks other versions than its view tells.
    case versionsTold(ProtocolVersions)
}

/// Why a proposal is not voted for.
package enum ProposalComplaint: UInt8, Hashable, Sendable, CaseIterable {
    case wrongBorn = 1
    case outcomeDiffers
    case timeOutOfBounds
    case tooLarge
    case equivocation
    case emptyBatch

    /// Whether no correct leader makes such a proposal, whatever it knows: what the epoch, its SYNC and the group's
    /// settings forbid is known to all alike. Clocks may differ.
    package var isProofOfLie: Bool {
        switch self {
        case .wrongBorn, .outcomeDiffers, .tooLarge, .equivocation, .emptyBatch: true
        case .timeOutOfBounds: false
        }
    }
}

/// What a correct replica never does.
package enum Misbehaviour: UInt8, Hashable, Sendable, CaseIterable {
    case equivocatingVote = 1
    case invalidSignature
    case conflictingCheckpoint
    /// Its state makes another view follow than a quorum's does.
    case conflictingView
    /// A chunk of a checkpoint that is not the one that the manifest names.
    case wrongChunk
    /// A manifest that is not the one of the checkpoint that it names.
    case wrongManifest
}

/// That the core has written again all that the log must hold above a stable checkpoint.
package struct LogRewritten: Hashable, Sendable {
    /// As it was asked to.
    package let segment: UInt64
    package let above: Instance

    package init(segment: UInt64, above: Instance) {
        self.segment = segment
        self.above = above
    }
}

/// What the core wants done, one list per stage, in order within each list. The driver empties it after each batch of
/// steps and hands it in again.
package struct Effects: ~Copyable {
    /// For the log, to be made durable; each has the next position. Empty in a memory group.
    package var records: [LogRecord] = []
    /// For Egress: to be signed where the message has a signature, and sent.
    package var sends: [Send] = []
    /// For Egress: local refusals.
    package var refusals: [ClientRefusal] = []
    /// For the execution stage.
    package var executions: [ExecutionOrder] = []
    /// For Admission: certificates whose signatures are to be checked (`Event.certificateChecked`).
    package var checks: [DecisionCertificate] = []
    /// For whoever verifies, and for clients: views that were proved, one after the other.
    package var views: [ViewCertificate] = []
    /// For the background: who should lead and be heavy (`Event.calculated`).
    package var calculations: [CalculationTask] = []
    /// For the background: what others fetch of checkpoints (`Event.served`).
    package var serves: [CheckpointService] = []
    /// For the background: which chunks this replica's own store has (`Event.chunksFound`).
    package var lookUps: [ChunkLookUp] = []
    package var notices: [Notice] = []
    /// For whoever keeps the links, when it has changed: all that this replica speaks with, itself among them. `Destination.others` are all
    /// of these but itself.
    package var audience: [Member]?
    /// This replica was removed from the group, as that view tells, and nobody needs it any more.
    package var hasLeft: ViewNumber?
    /// This replica cannot go on: the view that has begun speaks a version of the protocol that it does not.
    package var unspoken: UnspokenVersion?
    /// For the driver: so many random numbers are wanted (`Event.entropy`).
    package var entropyWanted = 0
    /// For whoever writes the log: the last of these records is the last of all that the log needs (`Event.logDamaged`).
    package var logRewritten: LogRewritten?

    package init() {}

    package mutating func removeAll() {
        records.removeAll(keepingCapacity: true)
        sends.removeAll(keepingCapacity: true)
        refusals.removeAll(keepingCapacity: true)
        executions.removeAll(keepingCapacity: true)
        checks.removeAll(keepingCapacity: true)
        views.removeAll(keepingCapacity: true)
        calculations.removeAll(keepingCapacity: true)
        serves.removeAll(keepingCapacity: true)
        lookUps.removeAll(keepingCapacity: true)
        notices.removeAll(keepingCapacity: true)
        entropyWanted = 0
        logRewritten = nil
        audience = nil
        hasLeft = nil
        unspoken = nil
    }
}

/// What the group speaks from a view on, and this replica does not.
package struct UnspokenVersion: Hashable, Sendable {
    package let view: ViewNumber
    package let version: UInt16

    package init(view: ViewNumber, version: UInt16) {
        self.view = view
        self.version = version
    }
}

/// What a replica has said and does not remember.
package enum ForgottenWord: Hashable, Sendable {
    /// A vote for a decision, a checkpoint or a view; it knows nothing beyond `known`.
    case instance(Instance, known: Instance)
    /// What it had voted for, to the leader of that regency; it has got no further than `known`.
    case regency(Epoch, known: Epoch)
}
