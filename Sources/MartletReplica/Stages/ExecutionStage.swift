// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTransport
import MartletTypes
import MartletWire

/// The fifth stage: owns the state machine. Executes what was decided, answers clients, and takes snapshots, which are
/// encoded elsewhere. What was decided comes first: reads that are not ordered, of which anyone may send any number, take
/// turns, and only so much of the time (`ReadPace`). Runs where the configuration says: on the ordering stage's event loop
/// or on a thread of its own.
final class ExecutionStage<Machine: StreamingStateMachine> {
    private let mailboxes: StageMailboxes<Machine>
    private let clients: ClientDirectory
    private let served: ServedState
    private let onFailure: @Sendable (ReplicaError) -> Void
    private var executor: Executor<Machine>
    private var effects = ExecutionEffects<Machine>()
    private var inputs: [ExecutionInput] = []
    private var answers = Parcels()
    /// Where those reads came from that wait for a decision, by their tickets; only looked up.
    private var waiting: [UInt64: InboundConnection] = [:]
    private var ticket: UInt64 = 0
    private var reads = ReadLine<InboundConnection>()
    private var pace = ReadPace(at: SystemClock.monotonic)
    private var receipts = ReceiptLine<InboundConnection>(at: SystemClock.monotonic)
    private var hasFailed = false

    /// `onFailure` is told that the state is lost and the replica cannot go on.
    init(
        machine: Machine, view: View, mode: ReplicaMode, mailboxes: StageMailboxes<Machine>, clients: ClientDirectory,
        served: ServedState, onFailure: @escaping @Sendable (ReplicaError) -> Void
    ) {
        self.mailboxes = mailboxes
        self.clients = clients
        self.served = served
        self.onFailure = onFailure
        executor = Executor(machine: machine, view: view.number, mode: mode, settings: view.settings)
    }

    /// What it begins with, after a restart. **Safety**: no read is answered before all that an earlier run may have answered for is
    /// in the state again, however soon it comes.
    func begin(with restoration: Restoration, _ checkpoint: HashedCheckpoint?) {
        executor.carryOut(.holdReads(upTo: restoration.lastAnswered), into: &effects)
        guard let base = restoration.base, let checkpoint else { return }
        do {
            try executor.install(base.image, checkpoint.contents.reader, into: &effects)
            mailboxes.snapshots.post(.restored(executor.machine.snapshot(), from: checkpoint))
        } catch {
            hasFailed = true
            onFailure(.serviceFailed(String(describing: error)))
        }
        // The core knows.
        effects.removeAll()
    }

    /// On an event loop: does what there is to do. Returns when to come back if reads are left.
    func run() -> Instant? {
        mailboxes.execution.take(into: &inputs)
        carryOutInputs()
        return nextWork
    }

    /// On a thread of its own: returns when the mailbox is closed.
    func runUntilClosed() {
        while mailboxes.execution.wait(into: &inputs, until: nextWork) { carryOutInputs() }
    }

    /// When what clients ask for, and is not ordered, goes on.
    private var nextWork: Instant? {
        let nextReads = reads.isEmpty ? nil : pace.due
        guard let nextReceipts = receipts.due else { return nextReads }
        return min(nextReads ?? nextReceipts, nextReceipts)
    }

    private func carryOutInputs() {
        for input in inputs where !hasFailed {
            switch input {
            case .order(.install(let state)): install(state)
            case .order(.serve(let now)): serve(now)
            case .order(let order): executor.carryOut(order, into: &effects)
            case .reads(let reads, let connection): add(reads, by: connection)
            case .receipts(let ids, let connection): for id in ids { receipts.add(id, by: connection) }
            }
        }
        inputs.removeAll(keepingCapacity: true)
        act()
        runReads()
        answers.send()
        lookUpReceipts()
    }

    /// Looked up here, hashed and signed elsewhere. What this replica cannot sign it does not answer: the client asks again.
    private func lookUpReceipts() {
        let now = SystemClock.monotonic
        while !hasFailed, let (id, connection) = receipts.next(at: now) {
            guard let claim = executor.receipt(of: id) else { continue }
            receipts.noteSigning(of: claim.result.count, at: now)
            mailboxes.receipts.post(ReceiptJob(claim: claim, asker: connection))
        }
    }

    private func add(_ reads: [ReadRequest], by connection: InboundConnection) {
        let isBelowMark = self.reads.add(reads, of: ClientID(connection.peer), by: connection)
        if !isBelowMark { connection.pauseReading() }
    }

    private func runReads() {
        guard !reads.isEmpty else { return }
        let begin = SystemClock.monotonic
        var now = begin
        while !hasFailed, pace.allows(at: now), now < begin + ReadPace.timeMax, let next = reads.next() {
            for connection in next.resumed { connection.resumeReading() }
            let bytes = answer(next.read, to: next.asker)
            let end = SystemClock.monotonic
            pace.note(bytes, took: end.since(now), at: end)
            now = end
        }
    }

    /// Returns how long its answer is, unless it waits for a decision.
    private func answer(_ read: ReadRequest, to connection: InboundConnection) -> Int {
        ticket += 1
        guard let answer = executor.answer(read, from: ClientID(connection.peer), ticket: ticket)?.encoded() else {
            waiting[ticket] = connection
            return 0
        }
        answers.add(answer, for: connection)
        return answer.count
    }

    /// What was done for them is told first: in a durable group it may have waited for the disk until now.
    private func serve(_ now: ServedClients) {
        act()
        answers.send()
        served.note(now)
        clients.close(unless: now.contains)
    }

    private func install(_ state: CheckpointState) {
        do {
            try executor.install(state.contents.image(), state.contents.reader, into: &effects)
            guard case .checkpointInstalled = effects.events.last else { return }
            let event = effects.events.removeLast()
            let snapshot = executor.machine.snapshot()
            // What came before it comes first everywhere.
            act()
            mailboxes.snapshots.post(.keep(state, snapshot, thenTell: event))
        } catch {
            hasFailed = true
            onFailure(.serviceFailed(String(describing: error)))
        }
    }

    private func act() {
        clients.send(
            effects.replies.map { (request: $0.request, frame: ReplicaToClientMessage.reply($0).encoded()) })
        clients.refuse(effects.refusals)
        for (ticket, answer) in effects.readAnswers {
            guard let connection = waiting.removeValue(forKey: ticket) else { continue }
            let frame = answer.encoded()
            pace.note(frame.count, took: .zero, at: SystemClock.monotonic)
            answers.add(frame, for: connection)
        }
        for (ticket, read) in effects.readsAgain {
            guard let connection = waiting.removeValue(forKey: ticket) else { continue }
            add([read], by: connection)
        }
        mailboxes.ordering.post(effects.events.map { .event($0) })
        mailboxes.executed.note(executor.lastExecuted)
        let now = SystemClock.monotonic
        mailboxes.snapshots.post(effects.snapshots.map { .encode($0, takenAt: now) })
        if let forgotten = effects.forgotten { mailboxes.snapshots.post(.forget(forgotten)) }
        effects.removeAll()
    }
}
