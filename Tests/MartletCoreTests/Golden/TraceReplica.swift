// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// One replica's core under test, the stages to its right and its loopback link: what it sends to itself, what it gives
/// to execution and to Admission comes back at once.
final class TraceReplica {
    private let view: View
    private let me: ReplicaID
    private var core: ReplicaCore
    private var effects = Effects()
    private var now = ClockReading(monotonic: Instant(1_000_000_000), wall: Timestamp(1_700_000_000_000_000))
    private let start = Instant(1_000_000_000)
    private var returning: [Event] = []
    private var lines: [String] = []
    var names: TraceNames
    /// Whose signatures in ACCEPTs are not valid.
    var badSigners: Set<ReplicaID> = []
    /// Progress is told so often that it would hide the rest.
    var showsProgress = false

    init(_ configuration: CoreConfiguration) {
        view = configuration.view
        me = configuration.replica
        names = TraceNames(origin: now.wall)
        core = ReplicaCore(configuration, at: now, into: &effects)
    }

    /// What it did since it was asked last, in words.
    func takeLines() -> [String] {
        defer { lines = [] }
        return lines.isEmpty ? [TracePrinter.line("nothing", "").trimmingEnd] : lines
    }

    // MARK: What happens to it

    func step(_ event: Event) throws {
        core.step(event, at: now, into: &effects)
        try act()
        while !returning.isEmpty {
            core.step(returning.removeFirst(), at: now, into: &effects)
            try act()
        }
    }

    /// What it does before anything happened.
    func begin() throws { try act() }

    func pass(milliseconds: UInt64) throws {
        let end = now.monotonic + .milliseconds(milliseconds)
        while let deadline = core.nextDeadline, deadline <= end {
            // Not everything that is due can be done at once; then time goes on by itself.
            advance(to: max(deadline, now.monotonic + .milliseconds(1)))
            guard now.monotonic <= end else { break }
            let known = lines.count
            try step(.deadline)
            if lines.count > known {
                lines.insert("    after \(now.monotonic.since(start).nanoseconds / 1_000_000) ms:", at: known)
            }
        }
        advance(to: max(end, now.monotonic))
    }

    func moveWallClock(milliseconds: UInt64) { now.wall = Timestamp(now.wall.rawValue + milliseconds * 1_000) }

    private func advance(to instant: Instant) {
        now.wall = Timestamp(now.wall.rawValue + instant.since(now.monotonic).nanoseconds / 1_000)
        now.monotonic = instant
    }

    func tellStatus() {
        let status = core.status
        lines.append(
            TracePrinter.line(
                "status",
                "r\(status.epoch.regency) \(status.isSynced ? "synced" : "unsynced") \(status.mode) leader \(status.leader)"
                    + " decided i\(status.decided) stable i\(status.stableCheckpoint) pending \(status.pendingRequests)"
            ))
    }

    // MARK: What it does

    private func act() throws {
        let sends = effects.sends
        let orders = effects.executions
        let refusals = effects.refusals
        let checks = effects.checks
        let notices = effects.notices
        let (serves, lookUps) = (effects.serves, effects.lookUps)
        effects.removeAll()
        // What it says of itself comes first: it tells what the rest is about.
        lines += notices.map { TracePrinter(names: names, me: me).line($0) }
        for send in sends { try note(send) }
        let printer = TracePrinter(names: names, me: me)
        for order in orders {
            lines.append(printer.line(order))
            if case .execute(let execution) = order { returning.append(.executed(upTo: execution.instance)) }
        }
        for service in serves {
            lines.append(printer.line(service))
            let count = service.positions?.count ?? 0
            returning.append(
                .served(CheckpointServed(service: service, count: count, bytes: 8 * count, isHeld: true)))
        }
        for wanted in lookUps {
            lines.append(printer.line(wanted))
            returning.append(.chunksFound(wanted.checkpoint, []))
        }
        lines += refusals.map { printer.line($0) }
        for check in checks {
            lines.append(printer.line(check))
            returning.append(.certificateChecked(valid(check)))
        }
    }

    private func note(_ send: Send) throws {
        if case .propose(let proposal) = send.message, let name = try names.nameOwn(proposal.batch) {
            lines.append(TracePrinter.line("makes", "\(name) = \(names.text(of: proposal.batch))"))
        }
        if send.destination == .everyone || send.destination == .replica(me) {
            returning.append(.message(Group.verified(send.message, from: me)))
        }
        if case .progress = send.message, !showsProgress { return }
        lines.append(TracePrinter(names: names, me: me).line(send))
    }

    private func valid(_ check: DecisionCertificate) -> DecisionCertificate {
        DecisionCertificate(
            epoch: check.epoch, instance: check.instance, digest: check.digest,
            shares: check.shares.filter { !badSigners.contains($0.replica) })
    }
}

extension String {
    var trimmingEnd: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
