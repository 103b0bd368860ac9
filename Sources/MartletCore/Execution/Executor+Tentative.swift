// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// An instance in the state that is not decided.
struct TentativeExecution<Machine: StreamingStateMachine>: Sendable {
    let execution: Execution
    /// What came of each of its operations.
    let bodies: [ReplyBody?]
    /// The state before it.
    let before: Machine.Snapshot
}

/// Tentative execution (protocol §5). The kept replies stay those of the decided state: what is not decided keeps its own.
extension Executor {
    mutating func executeTentatively(_ execution: Execution, into effects: inout ExecutionEffects<Machine>) {
        precondition(execution.instance == lastExecuted.next, "instances are executed one after the other")
        let before = machine.snapshot()
        let finality = Finality.tentative(epoch: execution.epoch, instance: execution.instance)
        var bodies: [ReplyBody?] = []
        bodies.reserveCapacity(execution.steps.count)
        for (place, step) in execution.steps.enumerated() {
            switch step.verdict {
            case .execute:
                let body = ReplyBody.result(result(at: place, in: execution))
                bodies.append(body)
                reply(body, to: step.request.id, finality, into: &effects)
            case .open(let session, _):
                bodies.append(nil)
                reply(.opened(session), to: step.request.id, finality, into: &effects)
            case .repeated, .refuse:
                // Its first reply may be as tentative: the client hears of it when this is decided.
                bodies.append(nil)
            case .reconfigure:
                preconditionFailure("what may end a view is decided before it is executed")
            }
        }
        tentative.append(TentativeExecution(execution: execution, bodies: bodies, before: before))
        lastExecuted = execution.instance
        lastReplied = max(lastReplied, lastExecuted)
        // What waited for this replica to be where it had been can run; what it finds waits for the decision.
        answerWaitingReads(into: &effects)
    }

    /// What was executed is decided. Whoever was answered in this epoch has the others' answers of the same epoch with it;
    /// others are answered again, now that any answer joins theirs.
    mutating func makeFinal(_ decided: Execution, into effects: inout ExecutionEffects<Machine>) {
        let done = tentative.removeFirst()
        precondition(
            done.execution.digest == decided.digest && done.execution.time == decided.time
                && done.execution.steps.map(\.verdict) == decided.steps.map(\.verdict),
            "what was executed is not what is decided")
        for (step, body) in zip(decided.steps, done.bodies) {
            keep(body, of: step, in: decided)
            let isAnswered = step.isFresh && done.execution.epoch == decided.epoch
            if !isAnswered { reply(to: step, body, into: &effects) }
        }
    }

    mutating func rollBack(to last: Instance) {
        let kept = last.distance(beyond: lastDecided)
        precondition(kept < tentative.count, "there is nothing to go back from")
        machine.rollBack(to: tentative[kept].before)
        tentative.removeLast(tentative.count - kept)
        lastExecuted = last
        waitingReads.runAgain(beyond: last)
    }
}
