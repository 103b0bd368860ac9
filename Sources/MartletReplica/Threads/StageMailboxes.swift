// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTransport
import MartletTypes

/// What the ordering thread is given.
enum OrderingInput: Sendable {
    case event(Event)
    /// All records up to there are.
    case durable(LogPosition)
    case statusQuery(InboundConnection)
    case adaptationQuery(InboundConnection)
}

/// What the execution thread is given.
enum ExecutionInput: Sendable {
    case order(ExecutionOrder)
    /// Unordered reads that arrived together.
    case reads([ReadRequest], InboundConnection)
}

/// What is too long for a thread that others wait for.
enum BackgroundJob<Machine: StateMachine>: Sendable {
    /// A message whose verification takes long: many signatures, or a whole state to hash.
    case verify(PeerMessage, from: ReplicaID)
    case check(DecisionCertificate)
    case encode(PendingSnapshot<Machine>)
    /// One that was encoded and could not be kept on the disk.
    case keepAgain(Instance, Digest)
    /// An installed checkpoint is kept, in a durable group for good, and then the core is told.
    case keep(CheckpointState, thenTell: Event)
    /// A quorum has that checkpoint, as is written down.
    case noteStable(CheckpointCertificate)
    /// Part of it was found damaged on the disk: it is written again from memory.
    case repair(Instance, Digest)
    case serve(CheckpointService)
    case forget(below: Instance)
}

/// Where the threads of one replica meet.
struct StageMailboxes<Machine: StateMachine>: Sendable {
    let ordering: Mailbox<OrderingInput>
    let execution: Mailbox<ExecutionInput>
    let background: Mailbox<BackgroundJob<Machine>>
    let calculation: Mailbox<CalculationTask>
    let persistence: Mailbox<PersistenceInput>

    init(bytesMax: Int, ordering: LoopTask, execution: Mailbox<ExecutionInput>.Taker) {
        self.ordering = Mailbox(bytesMax: bytesMax, taker: .task(ordering))
        self.execution = Mailbox(bytesMax: bytesMax, taker: execution)
        background = Mailbox(bytesMax: bytesMax, taker: .thread)
        calculation = Mailbox(bytesMax: bytesMax, taker: .thread)
        persistence = Mailbox(bytesMax: bytesMax, taker: .thread)
    }
}
