// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCore
import MartletTransport
import MartletTypes
import MartletWire

/// The third stage: one thread that owns the core. It takes everything that has arrived, steps the core once for each,
/// and acts once on what the core wants done.
struct OrderingStage<Machine: StateMachine>: Sendable {
    let configuration: CoreConfiguration
    let mailboxes: StageMailboxes<Machine>
    let clients: ClientDirectory
    let logger: Logger

    /// Returns when the mailbox is closed.
    func run(egress: consuming Egress) {
        var effects = Effects()
        var core = ReplicaCore(configuration, at: SystemClock.reading, into: &effects)
        var egress = egress
        var notices = NoticeLog(logger: logger, view: configuration.view, replica: configuration.replica)
        var inputs: [OrderingInput] = []
        var loopback: [Event] = []
        var queries: [InboundConnection] = []
        repeat {
            let now = SystemClock.reading
            for input in inputs {
                switch input {
                case .event(let event): core.step(event, at: now, into: &effects)
                case .statusQuery(let connection): queries.append(connection)
                }
            }
            if let deadline = core.nextDeadline, deadline <= now.monotonic {
                core.step(.deadline, at: now, into: &effects)
            }
            egress.take(effects.sends, loopback: &loopback)
            act(&effects, &notices, now)
            settle(&core, &effects, &egress, &loopback, &notices)
            egress.flush()
            answer(&queries, core.status)
        } while mailboxes.ordering.take(into: &inputs, until: core.nextDeadline)
    }

    /// Own messages come back at once, before anything is sent, so that what follows from them travels along.
    private func settle(
        _ core: inout ReplicaCore, _ effects: inout Effects, _ egress: inout Egress, _ loopback: inout [Event],
        _ notices: inout NoticeLog
    ) {
        while !loopback.isEmpty {
            let now = SystemClock.reading
            for event in loopback { core.step(event, at: now, into: &effects) }
            loopback.removeAll(keepingCapacity: true)
            egress.take(effects.sends, loopback: &loopback)
            act(&effects, &notices, now)
        }
    }

    private func act(_ effects: inout Effects, _ notices: inout NoticeLog, _ now: ClockReading) {
        mailboxes.execution.post(effects.executions.map { .order($0) })
        mailboxes.background.post(effects.checks.map { .check($0) })
        clients.send(
            effects.refusals.map { refusal in
                (refusal.refusal.request, ReplicaToClientMessage.refusal(refusal.refusal).encoded())
            })
        if !effects.notices.isEmpty {
            notices.log(effects.notices, at: now.monotonic)
            let hasWrongState = Notice.misbehaviour(configuration.replica, .conflictingCheckpoint)
            if effects.notices.contains(hasWrongState) { mailboxes.execution.post(.becomeLearner) }
        }
        effects.removeAll()
    }

    private func answer(_ queries: inout [InboundConnection], _ core: @autoclosure () -> CoreStatus) {
        guard !queries.isEmpty else { return }
        let frame = ReplicaToClientMessage.status(status(core())).encoded()
        for query in queries { query.send([frame]) }
        queries.removeAll(keepingCapacity: true)
    }

    private func status(_ core: CoreStatus) -> ReplicaStatus {
        ReplicaStatus(
            replica: configuration.replica, mode: core.mode, epoch: core.epoch, isSynced: core.isSynced,
            leader: core.leader, decided: core.decided, executed: core.executed,
            stableCheckpoint: core.stableCheckpoint, highestKnown: core.highestKnown,
            pendingRequests: UInt32(clamping: core.pendingRequests), softwareVersion: SoftwareVersion.current)
    }
}
