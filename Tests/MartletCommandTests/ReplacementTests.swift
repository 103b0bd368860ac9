// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@testable import martlet_cli

@Suite("martlet demo --replace") struct ReplacementTests {
    private func history(_ events: [ClientHistory.Event]) -> ClientHistory {
        var history = ClientHistory()
        for event in events { history.append(event) }
        return history
    }

    private func call(_ number: Int, at milliseconds: UInt64) -> ClientHistory.Event {
        .call(OperationID(client: 0, number: number), .get(key: 1), at: Instant(milliseconds * 1_000_000))
    }

    private func end(
        _ number: Int, _ outcome: ClientHistory.Outcome, at milliseconds: UInt64
    ) -> ClientHistory.Event {
        .end(OperationID(client: 0, number: number), outcome, at: Instant(milliseconds * 1_000_000))
    }

    @Test func gapsCountFromTheFirstCallAndOverWhatFailed() {
        let figures = HistoryFigures(
            history([
                call(1, at: 100), end(1, .answer(.value(nil)), at: 130), call(2, at: 131), end(2, .unknown, at: 500),
                call(3, at: 501), end(3, .answer(.value(nil)), at: 530), call(4, at: 540), end(4, .failed, at: 541),
                call(5, at: 542),
            ]))
        #expect(figures.answered == 2)
        #expect(figures.failed == 3)
        #expect(figures.longestGap == .milliseconds(400))
        #expect(
            HistoryFigures(history([call(1, at: 1), end(1, .answer(.done), at: 41)])).longestGap == .milliseconds(40))
    }

    @Test func aFailedOperationALongGapAndWhatFitsNoOrderAreEachAComplaint() {
        func complaints(_ events: [ClientHistory.Event], violation: String? = nil) -> [String] {
            ReplacementFigures(
                replacements: 1, load: HistoryFigures(history(events)), gapMax: .milliseconds(100), violation: violation
            ).complaints
        }
        let good = [call(1, at: 0), end(1, .answer(.done), at: 100)]
        #expect(complaints(good).isEmpty)
        #expect(complaints([]) == ["no operation was answered"])
        #expect(complaints(good + [call(2, at: 101), end(2, .unknown, at: 102)]) == ["1 operations have failed"])
        #expect(
            complaints([call(1, at: 0), end(1, .answer(.done), at: 101)])
                == ["nothing was answered for 101 ms, and 100 ms may pass"])
        #expect(complaints(good, violation: "no order") == ["no order"])
    }

    /// Two replicas of a group of four processes. How long a gap is says little while other tests have the machine.
    @Test(.timeLimit(.minutes(4))) func replicasAreReplacedUnderLoad() async throws {
        let scratch = try Scratch()
        let executable: String = try #require(BuiltProgram.path())
        let report = await ReplacementDemonstration(
            directory: scratch.path + "/group", rounds: 1, gapMax: .seconds(30),
            executable: executable, replacementsMax: 2, say: { print($0) }
        ).run()
        #expect(report.isDone, "\(report.text)\n\(report.failure ?? "")")
        let json = "\(report.json)"
        #expect(json.contains(#""replacements":2,"operations":"#) && json.contains(#""failed":0,"#), "\(json)")
        #expect(json.contains(#""linearizable":true"#), "\(json)")
        #expect(report.steps.map(\.name) == ["found", "start", "replace all, 1 of 1", "judge", "compare"])
    }
}
