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
    /// Takes in nothing more; says when nothing waits for the disk.
    case drain(@Sendable () -> Void)
    case statusQuery(InboundConnection)
    case adaptationQuery(InboundConnection)
}

/// What the execution thread is given.
enum ExecutionInput: Sendable {
    case order(ExecutionOrder)
    /// Unordered reads that arrived together.
    case reads([ReadRequest], InboundConnection)
    /// Questions for shares of receipts, likewise; each of the connection's own client.
    case receipts([RequestID], InboundConnection)
}

/// What the receipt thread is given.
struct ReceiptJob: Sendable {
    let claim: ReceiptClaim
    let asker: InboundConnection
}

/// What the snapshot thread is given.
enum SnapshotJob<Machine: StreamingStateMachine>: Sendable {
    case encode(PendingSnapshot<Machine>, takenAt: Instant)
    /// What the replica began with, and what the next snapshot is written after.
    case restored(Machine.Snapshot, from: HashedCheckpoint)
    /// One that was encoded and could not be kept on the disk.
    case keepAgain(Instance, Digest)
    /// An installed checkpoint, with what the service made of it, is kept, in a durable group for good, and then the core is told.
    case keep(CheckpointState, Machine.Snapshot, thenTell: Event)
    /// A quorum has that checkpoint, as is written down.
    case noteStable(CheckpointCertificate)
    case forget(ForgottenSnapshots)
    /// Part of it was found damaged on the disk: it is written again from memory.
    case repair(Instance, Digest)

    /// Whether the replica goes on only when it is done, or the group may: a word on a checkpoint that is overdue.
    var isAwaited: Bool {
        switch self {
        case .keep, .keepAgain, .repair: true
        case .encode, .restored, .noteStable, .forget: false
        }
    }
}

/// Where the threads of one replica meet.
struct StageMailboxes<Machine: StreamingStateMachine>: Sendable {
    let ordering: Mailbox<OrderingInput>
    let execution: Mailbox<ExecutionInput>
    let verification: Mailbox<VerificationJob>
    let snapshots: Mailbox<SnapshotJob<Machine>>
    let serving: Mailbox<ServingJob>
    let calculation: Mailbox<CalculationTask>
    let persistence: Mailbox<PersistenceInput>
    let receipts: Mailbox<ReceiptJob>
    let executed = ExecutedMark()

    init(bytesMax: Int, ordering: LoopTask, execution: Mailbox<ExecutionInput>.Taker) {
        self.ordering = Mailbox(bytesMax: bytesMax, taker: .task(ordering))
        self.execution = Mailbox(bytesMax: bytesMax, taker: execution)
        verification = Mailbox(bytesMax: bytesMax, taker: .thread)
        snapshots = Mailbox(bytesMax: bytesMax, taker: .thread)
        serving = Mailbox(bytesMax: bytesMax, taker: .thread)
        calculation = Mailbox(bytesMax: bytesMax, taker: .thread)
        persistence = Mailbox(bytesMax: bytesMax, taker: .thread)
        receipts = Mailbox(bytesMax: bytesMax, taker: .thread)
    }
}
