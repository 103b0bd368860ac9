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
package struct Executor<Machine: StateMachine>: ~Copyable {
    package private(set) var machine: Machine
    private var replies: ReplyCache
    private var view: ViewNumber
    /// The newest instance in the state.
    package private(set) var lastExecuted = Instance.zero
    private var mode: ReplicaMode
    /// Between the last instance of a view and the next view.
    private var isBetweenViews = false
    private var settings: GroupSettings

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
    package mutating func becomeLearner() { mode = .learner }

    /// Carries out one order. `.install` is not one of them: whoever can decode the state calls `install`.
    package mutating func carryOut(_ order: ExecutionOrder, into effects: inout ExecutionEffects<Machine>) {
        switch order {
        case .execute(let execution):
            execute(execution, into: &effects)
        case .snapshot(let instance, let time, let view, let sessions, let adaptation):
            precondition(instance == lastExecuted, "a snapshot is taken of the state as it is")
            effects.snapshots.append(
                PendingSnapshot(
                    instance: instance, time: time, view: view, sessions: sessions, adaptation: adaptation,
                    replies: replies,
                    application: machine.snapshot()))
        case .endView:
            isBetweenViews = true
        case .beginView(let view):
            isBetweenViews = false
            self.view = view.number
            settings = view.settings
        case .resend(let id):
            reply(replies.reply(to: id), to: id, into: &effects)
        case .tellOpened(let session, let id):
            reply(.opened(session), to: id, into: &effects)
        case .serve(let certificate, let receiver):
            effects.serves.append(CheckpointService(certificate: certificate, receiver: receiver))
        case .install:
            preconditionFailure("a checkpoint is decoded before it is installed")
        case .forgetSnapshots(let below):
            effects.forgetBelow = below
        }
    }

    /// Replaces the whole state by that of an image that a quorum agreed on. After a throw the state is undefined.
    package mutating func install(
        _ image: CheckpointImage, into effects: inout ExecutionEffects<Machine>
    ) throws(SnapshotNotRestored) {
        do {
            try machine.restore(from: image.application)
        } catch {
            throw SnapshotNotRestored(instance: image.instance, reason: String(describing: error))
        }
        replies = ReplyCache(image: image, settings: settings)
        lastExecuted = image.instance
        effects.events.append(
            .checkpointInstalled(
                CheckpointImage(
                    instance: image.instance, time: image.time, view: image.view, sessions: image.sessions,
                    openings: image.openings, adaptation: image.adaptation, application: [])))
    }

    /// Answers a read that is not ordered, from decided state only.
    package func answer(_ read: ReadRequest, from client: ClientID) -> ReplicaToClientMessage {
        guard settings.hasUnorderedReads else { return refuse(read, from: client, .readsAreOrdered) }
        guard mode == .voter, !isBetweenViews else { return refuse(read, from: client, .notServing) }
        let answer = machine.read(read.query, lastExecuted: lastExecuted)
        return .readReply(
            ReadReply(view: view, number: read.number, version: answer.version, result: answer.result))
    }

    private func refuse(
        _ read: ReadRequest, from client: ClientID, _ reason: RefusalReason
    ) -> ReplicaToClientMessage {
        let id = RequestID(client: client, session: .none, sequence: SequenceNumber(read.number))
        return .refusal(Refusal(request: id, reason: reason))
    }

    // MARK: - Execution

    private mutating func execute(_ execution: Execution, into effects: inout ExecutionEffects<Machine>) {
        precondition(execution.instance == lastExecuted.next, "instances are executed one after the other")
        view = execution.view
        lastExecuted = execution.instance
        for place in execution.steps.indices {
            let request = execution.steps[place].request
            switch execution.steps[place].verdict {
            case .execute:
                let body = ReplyBody.result(result(of: request, at: place, in: execution))
                replies.keep(body, of: request)
                reply(body, to: request.id, into: &effects)
            case .open(let session, let evicted):
                replies.open(session, of: request.id.client, evicting: evicted)
                reply(.opened(session), to: request.id, into: &effects)
            case .reconfigure(let result):
                replies.keep(.reconfigured(result), of: request)
                reply(.reconfigured(result), to: request.id, into: &effects)
            case .repeated:
                reply(replies.reply(to: request.id), to: request.id, into: &effects)
            case .refuse(let body):
                reply(body, to: request.id, into: &effects)
            }
        }
        effects.tellExecuted(execution.instance)
    }

    private mutating func result(of request: Request, at place: Int, in execution: Execution) -> Bytes {
        switch request.kind {
        case .operation:
            machine.execute(
                request.payload,
                in: ExecutionContext(
                    client: request.id.client, instance: execution.instance, time: execution.time,
                    seed: Self.seed(execution.seed, place: place)))
        case .orderedRead:
            machine.read(request.payload, lastExecuted: execution.instance).result
        case .open, .reconfiguration, .measure:
            preconditionFailure("sessions and views are no business of the service")
        }
    }

    private func reply(_ body: ReplyBody, to id: RequestID, into effects: inout ExecutionEffects<Machine>) {
        guard mode == .voter else { return }
        effects.replies.append(Reply(view: view, request: id, finality: .final, body: body))
    }

    /// SplitMix64: different for every step of an execution, since each step of it is a bijection.
    private static func seed(_ seed: UInt64, place: Int) -> UInt64 {
        var mixed = seed &+ (UInt64(place) &+ 1) &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
