// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The state could not be replaced by a checkpoint that a quorum agreed on. The replica cannot go on.
package struct SnapshotNotRestored: Error, CustomStringConvertible {
    package let instance: Instance
    package let reason: String

    package var description: String {
        "the service cannot restore the checkpoint after instance \(instance): \(reason); "
            + "it is probably another version of the service than the group's"
    }
}

/// Carries out what the core ordered: runs the state machine, keeps the replies, answers reads.
package struct Executor<Machine: StreamingStateMachine>: ~Copyable {
    package internal(set) var machine: Machine
    var replies: ReplyCache
    private(set) var view: ViewNumber
    /// The newest instance in the state, decided or not.
    package internal(set) var lastExecuted = Instance.zero
    /// The newest instance in the state that is decided.
    package internal(set) var lastDecided = Instance.zero
    private(set) var mode: ReplicaMode
    /// Between the last instance of a view and the next view.
    private(set) var isBetweenViews = false
    private(set) var settings: GroupSettings

    /// What is in the state beyond the decided instances.
    var tentative: [TentativeExecution<Machine>] = []
    /// The newest instance that this replica ever had in its state, and may have replied for, or has sent ACCEPT for.
    var lastReplied = Instance.zero
    var waitingReads = WaitingReads()

    /// A learner executes, but tells clients nothing: what it said before its restart is not known (protocol §7).
    package init(machine: Machine, view: ViewNumber, mode: ReplicaMode, settings: GroupSettings) {
        self.machine = machine
        self.replies = ReplyCache(settings: settings)
        self.view = view
        self.mode = mode
        self.settings = settings
    }

    /// Kept replies of the session that has most of them.
    package var repliesOfOneSession: Int { replies.mostOfOneSession }

    /// This replica turned out to have another state than the group's: it tells clients nothing any more.
    private mutating func becomeLearner(into effects: inout ExecutionEffects<Machine>) {
        mode = .learner
        answerWaitingReads(into: &effects)
    }

    /// Carries out one order. `.install` is not one of them: whoever can decode the state calls `install`.
    package mutating func carryOut(_ order: ExecutionOrder, into effects: inout ExecutionEffects<Machine>) {
        switch order {
        case .execute(let execution):
            finish(execution, into: &effects)
        case .executeTentatively(let execution):
            executeTentatively(execution, into: &effects)
        case .holdReads(let last):
            lastReplied = max(lastReplied, last)
        case .rollBack(let last):
            rollBack(to: last)
        case .snapshot(let instance, let time, let view, let sessions, let adaptation):
            precondition(instance == lastDecided, "a snapshot is taken of the decided state")
            effects.snapshots.append(
                PendingSnapshot(
                    instance: instance, time: time, view: view, sessions: sessions, adaptation: adaptation,
                    replies: replies, application: tentative.first?.before ?? machine.snapshot()))
        case .endSessions(let ended): replies.end(ended)
        // Connections are not this one's.
        case .serve: break
        case .refuse(let refusal): effects.refusals.append(refusal)
        case .endView:
            isBetweenViews = true
            answerWaitingReads(into: &effects)
        case .beginVoting: mode = .voter
        case .stopVoting: becomeLearner(into: &effects)
        case .beginView(let view):
            isBetweenViews = false
            self.view = view.number
            settings = view.settings
        case .resend(let id):
            reply(replies.reply(to: id), to: id, into: &effects)
        case .tellOpened(let session, let id):
            reply(.opened(session), to: id, into: &effects)
        case .install:
            preconditionFailure("a checkpoint is decoded before it is installed")
        case .awaitDurable:
            preconditionFailure("what is not durable yet is held back before it gets here")
        case .forgetSnapshots(let below, let kept):
            effects.forgotten = ForgottenSnapshots(below: below, except: kept)
        }
    }

    /// Replaces the whole state by one that a quorum agreed on: the image, and the chunks of the service's snapshot. After a throw
    /// the state is undefined.
    package mutating func install(
        _ image: CheckpointImage, _ application: SnapshotReader, into effects: inout ExecutionEffects<Machine>
    ) throws(SnapshotNotRestored) {
        do {
            try machine.restore(all: application)
        } catch {
            throw SnapshotNotRestored(instance: image.instance, reason: String(describing: error))
        }
        replies = ReplyCache(image: image, settings: settings)
        tentative.removeAll()
        lastExecuted = image.instance
        lastDecided = image.instance
        waitingReads.runAgain(beyond: .zero)
        answerWaitingReads(into: &effects)
        effects.events.append(.checkpointInstalled(image))
    }

    // MARK: - Execution

    /// Executes what is decided, or, when it was executed tentatively, makes that final.
    private mutating func finish(_ execution: Execution, into effects: inout ExecutionEffects<Machine>) {
        precondition(execution.instance == lastDecided.next, "instances are executed one after the other")
        view = execution.epoch.view
        lastDecided = execution.instance
        if tentative.isEmpty {
            lastExecuted = execution.instance
            execute(execution, into: &effects)
        } else {
            makeFinal(execution, into: &effects)
        }
        lastReplied = max(lastReplied, lastDecided)
        effects.tellExecuted(execution.instance)
        answerWaitingReads(into: &effects)
    }

    private mutating func execute(_ execution: Execution, into effects: inout ExecutionEffects<Machine>) {
        for place in execution.steps.indices {
            let body: ReplyBody? =
                switch execution.steps[place].verdict {
                case .execute: .result(result(at: place, in: execution))
                default: nil
                }
            keep(body, of: execution.steps[place], in: execution)
            reply(to: execution.steps[place], body, into: &effects)
        }
    }

    /// What a step that is decided leaves behind; `body` is what its execution gave.
    mutating func keep(_ body: ReplyBody?, of step: ExecutionStep, in execution: Execution) {
        switch step.verdict {
        case .execute:
            guard let body else { preconditionFailure("an operation was not executed") }
            replies.keep(body, of: step.request, execution.provenance(of: step))
        case .open(let session, let evicted): replies.open(session, of: step.request.id.client, evicting: evicted)
        case .reconfigure(let result):
            replies.keep(.reconfigured(result), of: step.request, execution.provenance(of: step))
        case .repeated, .refuse: break
        }
    }

    /// Tells the client of a step that is decided.
    func reply(to step: ExecutionStep, _ body: ReplyBody?, into effects: inout ExecutionEffects<Machine>) {
        let id = step.request.id
        switch step.verdict {
        case .execute:
            if let body { reply(body, to: id, into: &effects) }
        case .open(let session, _): reply(.opened(session), to: id, into: &effects)
        case .reconfigure(let result): reply(.reconfigured(result), to: id, into: &effects)
        case .repeated: reply(replies.reply(to: id), to: id, into: &effects)
        case .refuse(let body): reply(body, to: id, into: &effects)
        }
    }

    mutating func result(at place: Int, in execution: Execution) -> Bytes {
        let request = execution.steps[place].request
        switch request.kind {
        case .operation:
            return machine.execute(
                request.payload,
                in: ExecutionContext(
                    client: request.id.client, instance: execution.instance, time: execution.time,
                    seed: Self.seed(execution.seed, place: place)))
        case .orderedRead:
            return machine.read(request.payload, lastExecuted: execution.instance).result
        case .open, .reconfiguration, .measure, .rejoin:
            preconditionFailure("sessions and views are no business of the service")
        }
    }

    func reply(
        _ body: ReplyBody, to id: RequestID, _ finality: Finality = .final,
        into effects: inout ExecutionEffects<Machine>
    ) {
        guard mode == .voter else { return }
        effects.replies.append(Reply(view: view, request: id, finality: finality, body: body))
    }

    /// SplitMix64: different for every step of an execution, since each step of it is a bijection.
    private static func seed(_ seed: UInt64, place: Int) -> UInt64 {
        var mixed = seed &+ (UInt64(place) &+ 1) &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
