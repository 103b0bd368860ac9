// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletSimulation
import MartletTypes

/// A durable group of four under load, whose replicas lose power again and again, with disks that then lose what was not synced.
struct PowerCutRun {
    private static let stepsMax = 20_000_000
    private static let progressEvery = Duration.seconds(5)
    /// Beside the load: writers of keys of their own, each written once.
    private static let keyWriters = 2
    static let mix = LoadRecording.Mix(
        keys: 24, orderedPermille: 300, oldKeyPermille: 300, impatientPermille: 30)
    /// How long a call may take that is not impatient.
    private static let deadline = Duration.seconds(60)

    let parameters: PowerCutParameters
    let directory: String
    /// A martlet program, by default this very one.
    var executable: String?

    /// Founds, starts, cuts, judges, and puts away.
    func run(_ say: @escaping @Sendable (String) -> Void) async throws -> PowerCutResult {
        let record = PowerCutRecord()
        var settings = GroupSettings()
        settings.isDurable = true
        let group = try LocalGroup(
            in: directory, name: "power-cuts", replicas: 4, settings: settings, executable: executable,
            arguments: replicaArguments,
            onLine: { id, line in
                record.read(line, of: id)
                if parameters.tellsLog { say("  \(id): \(line)") }
            })
        return try await group.stopping {
            say("starting \(group.processes.count) replicas")
            try await group.start()
            return try await group.withClient { try await run(group, $0, record, say) }
        }
    }

    private var replicaArguments: [String] {
        ["--log-level", "notice", "--volatile-disk", "\(parameters.seed)"]
            + (parameters.hasLyingDisks ? ["--lying-disk"] : [])
    }

    private func run(
        _ group: LocalGroup, _ client: Client, _ record: PowerCutRecord, _ say: @escaping @Sendable (String) -> Void
    ) async throws -> PowerCutResult {
        let sessions = try (0..<parameters.clients).map { _ in try client.openSession() }
        let load = ClosedLoop(
            sessions: sessions, payloadBytes: 0, deadline: Self.deadline,
            recording: LoadRecording(sessions: sessions.count, mix: Self.mix, seed: parameters.seed))
        let keys = SteadyLoad(prefix: "key", pause: .milliseconds(20))
        async let writing: Void = keys.run(on: client, writers: Self.keyWriters)
        load.start()
        let isAnswering: Bool
        do {
            isAnswering = try await cut(group, load, record, say)
        } catch {
            load.stop()
            keys.stop()
            throw error
        }
        let figures = load.cut()
        load.stop()
        keys.stop()
        if isAnswering {
            try await writing
            say("reading back and comparing")
            try await check(group, client, load, keys, record)
        } else {
            record.found("the group has not answered for \(parameters.patience) since the last cut")
        }
        let history = load.history ?? ClientHistory()
        let calls = history.calls()
        say("judging \(calls.count) operations")
        if let complaint = Self.complaint(about: calls) { record.found(complaint) }
        return PowerCutResult(
            parameters: parameters, counts: record.counts, acknowledged: figures.completed,
            unanswered: calls.count { $0.outcome == nil }, longestGap: figures.longestGap,
            keysAcknowledged: keys.acknowledgedCount, history: history, judged: calls.count,
            violations: record.violations)
    }

    // MARK: Cutting

    /// Returns whether the group answers again after it.
    private func cut(
        _ group: LocalGroup, _ load: ClosedLoop, _ record: PowerCutRecord, _ say: @escaping @Sendable (String) -> Void
    ) async throws -> Bool {
        let progress = Task { try await tell(load, record, say) }
        defer { progress.cancel() }
        var cutter = PowerCutter(group: group, record: record, parameters)
        try await cutter.run(until: .now + .seconds(parameters.seconds), onCut: { load.moveOn() })
        let enough = load.answered + parameters.clients * 4
        let limit = ContinuousClock.now + parameters.patience
        while load.answered < enough {
            guard ContinuousClock.now < limit else { return false }
            try await Task.sleep(for: .milliseconds(20))
        }
        return true
    }

    private func tell(_ load: ClosedLoop, _ record: PowerCutRecord, _ say: (String) -> Void) async throws {
        let start = ContinuousClock.now
        while true {
            try await Task.sleep(for: Self.progressEvery)
            let (counts, seconds) = (record.counts, Int((ContinuousClock.now - start) / .seconds(1)))
            say(
                "  \(seconds) of \(parameters.seconds) s: \(counts.cuts) cuts, \(counts.ofAll) of all; \(load.answered) answers, "
                    + "longest gap \(load.longestGap.nanoseconds / 1_000_000) ms; dropped \(counts.loss)")
        }
    }

    // MARK: Judging

    /// Reads back what was acknowledged, as the group has it and as each replica does.
    private func check(
        _ group: LocalGroup, _ client: Client, _ load: ClosedLoop, _ keys: SteadyLoad, _ record: PowerCutRecord
    ) async throws {
        while !load.isIdle { try await Task.sleep(for: .milliseconds(20)) }
        do {
            try await KeyCheck(client: client).read(keys.acknowledged)
        } catch {
            record.found("\(error)")
        }
        let unread = await load.readBack()
        if unread > 0 { record.found("\(unread) keys could not be read back") }
        let probe = try group.probe()
        _ = await probe.run()
        let judge = SafetyJudge(group: group, view: probe.newestView, honest: group.processes.map(\.replica))
        for violation in try await judge.comparison().violations { record.found(violation) }
    }

    /// Keys are judged apart, each from its first use to its last reading, with nothing left out. That stays easy since the load
    /// goes on to other keys with each cut: what was given up may take effect at any later time, but at the keys of that time only.
    static func complaint(about calls: [CallRecord]) -> String? {
        switch Linearizability.judge(calls, stepsMax: stepsMax) {
        case .linearizable: nil
        case .violated(let call, let states):
            "not linearizable: the answer to \(call.operation), \(call.outcome.map { "\($0)" } ?? "none"), fits no order; "
                + "before it there was \(states)"
        case .tooHard(let id, let why): "whether all is linearizable cannot be told: at call \(id.number): \(why)"
        }
    }
}
