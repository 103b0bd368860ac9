// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTransport
import MartletTypes
import MartletWire

/// The fifth stage: one thread that owns the state machine. Executes what was decided, answers clients, and takes
/// snapshots, which are encoded elsewhere.
struct ExecutionStage<Machine: StateMachine>: Sendable {
    let view: View
    let mode: ReplicaMode
    let mailboxes: StageMailboxes<Machine>
    let clients: ClientDirectory
    /// The state is lost, and the replica cannot go on.
    let onFailure: @Sendable (ReplicaError) -> Void

    /// Returns when the mailbox is closed, or after a failure.
    func run(machine: Machine) {
        var executor = Executor(machine: machine, view: view.number, mode: mode, settings: view.settings)
        var effects = ExecutionEffects<Machine>()
        var inputs: [ExecutionInput] = []
        while mailboxes.execution.take(into: &inputs, until: nil) {
            var answers = Parcels()
            for input in inputs {
                switch input {
                case .order(.install(let state)):
                    guard install(state, in: &executor, &effects) else { return }
                case .order(let order):
                    executor.carryOut(order, into: &effects)
                case .becomeLearner:
                    executor.becomeLearner()
                case .reads(let reads, let connection):
                    // A read sees what the replies before it told: they leave first.
                    for read in reads {
                        let answer = executor.answer(read, from: ClientID(connection.peer))
                        answers.add(answer.encoded(), for: connection)
                    }
                }
            }
            act(&effects)
            answers.send()
        }
    }

    private func install(
        _ state: CheckpointState, in executor: inout Executor<Machine>, _ effects: inout ExecutionEffects<Machine>
    ) -> Bool {
        do {
            try executor.install(CheckpointImage(decoding: state.state), into: &effects)
        } catch {
            onFailure(.serviceFailed(String(describing: error)))
            return false
        }
        mailboxes.background.post(.keep(state))
        return true
    }

    private func act(_ effects: inout ExecutionEffects<Machine>) {
        clients.send(effects.replies.map { (request: $0.request, frame: ReplicaToClientMessage.reply($0).encoded()) })
        mailboxes.ordering.post(effects.events.map { .event($0) })
        mailboxes.background.post(effects.snapshots.map { .encode($0) })
        mailboxes.background.post(effects.serves.map { .serve($0) })
        if let below = effects.forgetBelow { mailboxes.background.post(.forget(below: below)) }
        effects.removeAll()
    }
}
