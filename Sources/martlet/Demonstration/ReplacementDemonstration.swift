// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletSimulation
import MartletTypes

/// A durable group each of whose replicas is replaced by a new one under load, again and again, while what clients see is written down and
/// judged.
struct ReplacementDemonstration {
    private static let sessions = 16
    /// After each answer: a steady load, not as much as can be.
    private static let pause = Duration.milliseconds(5)
    private static let deadline = Duration.seconds(60)
    /// How long the load may take to begin, and its last calls to end.
    private static let patience = Duration.seconds(60)
    /// So long the load runs between two replacements.
    private static let calm = Duration.milliseconds(300)
    private static let mix = LoadRecording.Mix(keys: 24, orderedPermille: 300, oldKeyPermille: 300)
    /// How long a replica that was replaced goes on telling others what they may lack; 10 s by default.
    private static let farewellMilliseconds = 2_000

    let directory: String
    /// How often each of the four is replaced.
    let rounds: Int
    /// The longest time without an answer that passes.
    var gapMax = Interval.seconds(1)
    /// A martlet program, by default this very one.
    var executable: String?
    /// In all; each round has four.
    var replacementsMax = Int.max
    let say: @Sendable (String) -> Void

    /// Returns the report, also of a demonstration that failed; leaves nothing running.
    func run() async -> DemonstrationReport {
        await .of(
            say, founding: found, described: "4 replicas that write down what they vote for, in \(directory)", use)
    }

    private func found() throws -> LocalGroup {
        var settings = GroupSettings()
        settings.isDurable = true
        return try LocalGroup(
            in: directory, name: "demo", replicas: 4, settings: settings,
            limits: [("farewellMilliseconds", Self.farewellMilliseconds)], executable: executable)
    }

    private func use(_ group: LocalGroup, _ client: Client, _ report: inout DemonstrationReport) async throws {
        let sessions = try (0..<Self.sessions).map { _ in try client.openSession() }
        let load = ClosedLoop(
            sessions: sessions, payloadBytes: 0, deadline: Self.deadline, pause: Self.pause,
            recording: LoadRecording(sessions: sessions.count, mix: Self.mix))
        load.start()
        defer { load.stop() }
        try await wait("the load has not begun") { load.isWarm }
        var count = 0
        for round in 1...rounds where count < replacementsMax {
            count += try await report.step("replace all, \(round) of \(rounds)", say) {
                try await replaceAll(of: group, load, after: count)
            }
        }
        try await judge(group, load, &report, replacements: count)
    }

    private func wait(_ complaint: String, until isSo: () -> Bool) async throws {
        let limit = ContinuousClock.now + Self.patience
        while !isSo() {
            guard ContinuousClock.now < limit else { throw CommandFailure("\(complaint) after \(Self.patience)") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    // MARK: Replacing

    /// Replaces those that are members now, one after the other. Returns how many.
    private func replaceAll(
        of group: LocalGroup, _ load: ClosedLoop, after before: Int
    ) async throws -> (Int, String, [JSONValue.Member]) {
        var (replaced, answered, failed, gap) = (0, 0, 0, Interval.zero)
        for old in group.processes.map(\.replica) where before + replaced < replacementsMax {
            _ = load.cut()
            let times = try await Replacement(group: group, old: old).run()
            try await Task.sleep(for: Self.calm)
            let record = load.cut()
            load.moveOn()
            replaced += 1
            answered += record.completed
            failed += record.failed
            gap = max(gap, record.longestGap)
            say("  " + line(before + replaced, old, times, record))
        }
        return (
            replaced, "\(replaced) replaced, \(answered) operations, \(failed) failed; longest gap \(Self.text(gap))",
            [
                .init(name: "replacements", value: .integer(replaced)),
                .init(name: "operations", value: .integer(answered)), .init(name: "failed", value: .integer(failed)),
                .init(name: "longestGapMilliseconds", value: .number(Double(gap.nanoseconds) / 1_000_000)),
            ]
        )
    }

    private func line(_ number: Int, _ old: ReplicaID, _ times: Replacement.Times, _ record: LoadRecord) -> String {
        let seconds = { (value: Double) in Rounding.text(value, digits: 1) + " s" }
        return "\(number): replica \(times.newcomer) in the place of \(old), votes in view \(times.view) after "
            + "\(seconds(times.votes)), \(old) has left after \(seconds(times.hasLeft)); longest gap "
            + "\(Self.text(record.longestGap)), \(record.completed) operations, \(record.failed) failed"
            + (record.firstFailure.map { ": \($0)" } ?? "")
    }

    private static func text(_ gap: Interval) -> String {
        Rounding.text(Double(gap.nanoseconds) / 1_000_000, digits: 0) + " ms"
    }

    // MARK: Judging

    private func judge(
        _ group: LocalGroup, _ load: ClosedLoop, _ report: inout DemonstrationReport, replacements: Int
    ) async throws {
        load.stop()
        try await wait("calls have not ended") { load.isIdle }
        let history = load.history ?? ClientHistory()
        let figures = ReplacementFigures(
            replacements: replacements, load: HistoryFigures(history), gapMax: gapMax,
            violation: PowerCutRun.complaint(about: history.calls()))
        report.figures = figures.json
        try await report.step("judge", say) {
            if let complaint = figures.complaints.first {
                throw CommandFailure(
                    figures.complaints.count == 1 ? complaint : figures.complaints.joined(separator: "; "))
            }
            return ((), figures.text, [])
        }
        try await report.step("compare", say) {
            let probe = try group.probe()
            _ = await probe.run()
            let judge = SafetyJudge(group: group, view: probe.newestView, honest: group.processes.map(\.replica))
            let violations = try await judge.comparison().violations
            guard violations.isEmpty else { throw CommandFailure(violations.joined(separator: "; ")) }
            return (
                (), "the \(group.processes.count) replicas of now hold the same, in view \(probe.newestView.number)", []
            )
        }
    }
}
