// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletClient
import MartletTypes

/// A replica of a durable group comes back to a large state under full load: after a crash, after the others have gone on for long, and with
/// nothing left of what it had on its disk.
struct RecoveryBenchmark: Sendable {
    /// The state that checkpoints of the large one are compared with, in keys.
    private static let fewKeys = 1_000
    /// A replica that is not further behind has caught up, in instances: what travels at the moment.
    private static let lagMax: UInt64 = 64
    /// Within this time it has to come back.
    private static let patience = Duration.seconds(300)

    let parameters: RecoveryParameters
    let directory: String
    let say: @Sendable (String) -> Void

    func run() async throws -> RecoveryReport {
        try await BenchmarkGroup.with(parameters.bench, in: directory, say) { bench in
            let sessions = try await bench.openSessions(parameters.clients)
            let small = try await fill(bench, sessions, keys: Self.fewKeys, "few keys")
            say("few keys: measuring for \(parameters.seconds) s")
            let few = try await steady(small) { try await Task.sleep(for: .seconds(parameters.seconds)) }
            try await stop(small)
            let load = try await fill(bench, sessions, keys: parameters.keys, "all keys")
            let (between, during) = try await aroundCheckpoint(bench.group, load)
            var returns: [RecoveryReport.Return] = []
            let victim = try await notLeader(of: bench.group)
            for kind in RecoveryReport.Return.Kind.allCases {
                returns.append(try await comeBack(kind, victim, bench.group, load))
                try await Task.sleep(for: .seconds(3))
            }
            load.stop()
            return RecoveryReport(
                parameters: parameters, few: few, between: between, during: during, returns: returns)
        }
    }

    // MARK: Load

    /// Fills the state with a load that then goes on.
    private func fill(
        _ bench: BenchmarkGroup, _ sessions: [ClientSession], keys: Int, _ name: String
    ) async throws -> ClosedLoop {
        let operations = KeyedOperations(keys: keys, valueBytes: parameters.valueBytes)
        let load = ClosedLoop(sessions: sessions, deadline: .seconds(60)) { operations.next() }
        try await bench.warm(load)
        var said = ContinuousClock.now
        while operations.made < keys {
            try await Task.sleep(for: .milliseconds(100))
            guard ContinuousClock.now - said > .seconds(5) else { continue }
            said = .now
            say("\(name): \(operations.made) of \(keys) written")
        }
        try await Task.sleep(for: .seconds(2))
        return load
    }

    /// Measures from the end of one checkpoint to the next, and while that is written down.
    private func aroundCheckpoint(
        _ group: LocalGroup, _ load: ClosedLoop
    ) async throws -> (between: RecoveryReport.Steady, during: RecoveryReport.Steady) {
        var phase = CheckpointPhase(period: UInt64(parameters.checkpointPeriod))
        say("all keys: waiting for the end of a checkpoint")
        try await follow(group, &phase) { $0.writtenCount > 0 }
        say("all keys: measuring until the next is taken")
        let between = try await steady(load) { try await follow(group, &phase) { $0.isWriting } }
        say("all keys: measuring until all have written it")
        let during = try await steady(load) { try await follow(group, &phase) { !$0.isWriting } }
        return (between, during)
    }

    private func follow(
        _ group: LocalGroup, _ phase: inout CheckpointPhase, until isReached: (CheckpointPhase) -> Bool
    ) async throws {
        let end = ContinuousClock.now + Self.patience
        while !isReached(phase) {
            guard ContinuousClock.now < end else {
                throw CommandFailure("no checkpoint was taken and stable within \(Self.patience)")
            }
            try await Task.sleep(for: .milliseconds(20))
            let statuses = try await group.reports().compactMap(\.status)
            if statuses.count == parameters.n { phase.note(statuses, at: ClosedLoop.now) }
        }
    }

    private func stop(_ load: ClosedLoop) async throws {
        load.stop()
        try await Task.sleep(for: .milliseconds(500))
    }

    private func steady(
        _ load: ClosedLoop, _ body: () async throws -> Void
    ) async throws -> RecoveryReport.Steady {
        let (record, seconds) = try await measured(load, body)
        return .init(record: record, seconds: seconds)
    }

    private func measured(_ load: ClosedLoop, _ body: () async throws -> Void) async throws -> (LoadRecord, Double) {
        let begin = ContinuousClock.now
        _ = load.cut()
        try await body()
        return (load.cut(), (ContinuousClock.now - begin) / .seconds(1))
    }

    // MARK: A replica goes and comes back

    private func comeBack(
        _ kind: RecoveryReport.Return.Kind, _ victim: ReplicaID, _ group: LocalGroup, _ load: ClosedLoop
    ) async throws -> RecoveryReport.Return {
        guard let process = group.process(victim) else { throw CommandFailure("there is no replica \(victim)") }
        say("\(kind.rawValue): killing replica \(victim)")
        await process.kill()
        if kind != .restarted { try await wait(for: parameters.away, load) }
        if kind == .wiped { try wipe(group.directory.home(of: victim)) }
        var moments = RecoveryReport.Moments()
        let (record, seconds) = try await measured(load) {
            let begin = ContinuousClock.now
            try await process.start()
            while !moments.isComplete {
                try await Task.sleep(for: .milliseconds(50))
                let elapsed = (ContinuousClock.now - begin) / .seconds(1)
                guard elapsed < Self.patience / .seconds(1) else {
                    throw CommandFailure(
                        "replica \(victim) has not come back in \(Self.patience):\n"
                            + group.lastLines(of: victim))
                }
                try await note(victim, group, &moments) { (ContinuousClock.now - begin) / .seconds(1) }
            }
        }
        say("  back after \(Rounding.text(moments.caughtUp ?? 0, digits: 1)) s")
        let cpu = process.processIdentifier.flatMap(ProcessUsage.cpuMicroseconds) ?? 0
        let transfer = RecoveryReport.Transfer(log: group.lastLines(of: victim))
        return .init(
            kind: kind, moments: moments, record: record, seconds: seconds, cpuSeconds: cpu / 1e6, transfer: transfer)
    }

    private func note(
        _ victim: ReplicaID, _ group: LocalGroup, _ moments: inout RecoveryReport.Moments, elapsed: () -> Double
    ) async throws {
        let reports = try await group.reports()
        guard let status = reports.first(where: { $0.member.id == victim })?.status else { return }
        let furthest = reports.filter { $0.member.id != victim }.compactMap(\.status?.executed).max() ?? .zero
        moments.note(
            status, hasCaughtUp: status.executed.rawValue + Self.lagMax >= furthest.rawValue, after: elapsed())
    }

    private func wait(for operations: Int, _ load: ClosedLoop) async throws {
        say("  waiting for \(operations) operations")
        _ = load.cut()
        while load.answered < operations { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// All but what the operator gave it: its file and its key.
    private func wipe(_ home: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: home)
        where name != "replica.yaml" && name != "replica.key" {
            try FileManager.default.removeItem(atPath: "\(home)/\(name)")
        }
    }

    // MARK: Asking

    private func notLeader(of group: LocalGroup) async throws -> ReplicaID {
        let leader = try await group.leader()
        guard let other = group.genesis.members.map(\.id).last(where: { $0 != leader }) else {
            throw CommandFailure("the group has no replica but its leader")
        }
        return other
    }
}
