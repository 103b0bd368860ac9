// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletTypes

/// A durable group whose replicas are all killed at once under load, again and again, and that keeps what it acknowledged.
struct PowerLossDemonstration {
    private static let keyCount = 1_000
    private static let writers = 8
    /// So long the load runs before all are killed, and after the group answers again.
    private static let loadTime = Duration.milliseconds(300)
    /// The group must answer again within this time.
    private static let gapMax = Duration.seconds(20)

    let directory: String
    /// How often all lose power.
    let rounds: Int
    let say: @Sendable (String) -> Void

    /// Returns the report, also of a demonstration that failed; leaves nothing running.
    func run() async -> DemonstrationReport {
        var settings = GroupSettings()
        settings.isDurable = true
        return await .of(
            say, founding: { try LocalGroup(in: directory, name: "demo", replicas: 4, settings: settings) },
            described: "4 replicas that write down what they vote for, in \(directory)", use)
    }

    private func use(_ group: LocalGroup, _ client: Client, _ report: inout DemonstrationReport) async throws {
        let check = KeyCheck(client: client)
        var written = (1...Self.keyCount).map { SteadyLoad.Item(key: "demo/\($0)", value: "value \($0)") }
        try await report.step("write", say) {
            try await check.write(written)
            return ((), "\(written.count) keys written", [.init(name: "keys", value: .integer(written.count))])
        }
        for round in 1...rounds {
            let known = written
            written += try await report.step("kill all, \(round) of \(rounds)", say) {
                let (acknowledged, gap) = try await killAll(of: group, client, round)
                try await check.read(known + acknowledged)
                let count = known.count + acknowledged.count
                return (
                    acknowledged,
                    "all \(count) acknowledged writes are there; longest gap \(Rounding.text(gap, digits: 0)) ms",
                    [
                        .init(name: "acknowledged", value: .integer(count)),
                        .init(name: "longestGapMilliseconds", value: .number(gap)),
                    ]
                )
            }
        }
    }

    /// Returns what was acknowledged under load, and for how many milliseconds nothing was.
    private func killAll(
        of group: LocalGroup, _ client: Client, _ round: Int
    ) async throws -> ([SteadyLoad.Item], Double) {
        let load = SteadyLoad(prefix: "load \(round)")
        async let running: Void = load.run(on: client, writers: Self.writers)
        try await Task.sleep(for: Self.loadTime)
        load.resetGap()
        await withTaskGroup { tasks in
            for process in group.processes { tasks.addTask { await process.kill() } }
        }
        let before = load.acknowledgedCount
        try await withThrowingTaskGroup { tasks in
            for process in group.processes { tasks.addTask { try await process.start() } }
            try await tasks.waitForAll()
        }
        let limit = ContinuousClock.now + Self.gapMax
        while load.acknowledgedCount < before + Self.writers * 2 {
            guard ContinuousClock.now < limit else {
                load.stop()
                throw CommandFailure("the group has not answered for \(Self.gapMax) since all its replicas were killed")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        try await Task.sleep(for: Self.loadTime)
        load.stop()
        try await running
        if let failure = load.failure { throw CommandFailure("a write under load failed: \(failure)") }
        return (load.acknowledged, load.longestGap / .milliseconds(1))
    }
}
