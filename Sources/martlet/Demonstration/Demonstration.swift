// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletTypes

/// The main job in one command: a group that keeps what it acknowledged while its leader is killed.
struct Demonstration {
    static let keyCount = 1_000
    private static let writers = 8
    /// So long the load runs before the leader is killed, and after the group answers again.
    private static let loadTime = Duration.milliseconds(700)
    /// The group must answer again within this time.
    private static let gapMax = Duration.seconds(10)
    private static let catchUpMax = Duration.seconds(10)

    let directory: String
    let say: @Sendable (String) -> Void

    /// Returns the report, also of a demonstration that failed; leaves nothing running.
    func run() async -> DemonstrationReport {
        await .of(
            say, founding: { try LocalGroup(in: directory, name: "demo", replicas: 4) },
            described: "4 replicas, 1 of which may do anything, in \(directory)", use)
    }

    private func use(_ group: LocalGroup, _ client: Client, _ report: inout DemonstrationReport) async throws {
        let check = KeyCheck(client: client)
        let items = (1...Self.keyCount).map { number in
            SteadyLoad.Item(key: "demo/\(number)", value: "value \(number) of group \(group.genesis.members[0].port)")
        }
        try await report.step("write", say) {
            try await check.write(items)
            return ((), "\(items.count) keys written", [.init(name: "keys", value: .integer(items.count))])
        }
        try await report.step("read", say) {
            try await check.read(items)
            return ((), "\(items.count) keys read back, each as written", [])
        }
        let (killed, load) = try await report.step("kill the leader", say) {
            try await killLeader(of: group, client)
        }
        try await report.step("nothing lost", say) {
            let acknowledged = load.acknowledged
            try await check.read(items + acknowledged)
            let count = items.count + acknowledged.count
            return (
                (), "all \(count) acknowledged writes are there",
                [
                    .init(name: "acknowledged", value: .integer(count)),
                    .init(name: "unknown", value: .integer(load.unknown.count)),
                ]
            )
        }
        try await report.step("restart it", say) { try await restart(killed, in: group) }
    }

    // MARK: Steps

    private func killLeader(
        of group: LocalGroup, _ client: Client
    ) async throws -> ((ReplicaID, SteadyLoad), String, [JSONValue.Member]) {
        let load = SteadyLoad()
        async let running: Void = load.run(on: client, writers: Self.writers)
        try await Task.sleep(for: Self.loadTime)
        let leader = try await group.leader()
        say("  replica \(leader) leads; killing it with \(load.acknowledgedCount) writes of the load acknowledged")
        load.resetGap()
        await group.process(leader)?.kill()
        let before = load.acknowledgedCount
        let limit = ContinuousClock.now + Self.gapMax
        while load.acknowledgedCount < before + Self.writers * 2 {
            guard ContinuousClock.now < limit else {
                load.stop()
                throw CommandFailure("the group has not answered for \(Self.gapMax) since its leader was killed")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        try await Task.sleep(for: Self.loadTime)
        let next = try await group.leader()
        load.stop()
        try await running
        if let failure = load.failure { throw CommandFailure("a write under load failed: \(failure)") }
        let gap = load.longestGap / .milliseconds(1)
        return (
            (leader, load),
            "replica \(leader) killed under load, replica \(next) leads; longest gap \(Rounding.text(gap, digits: 0)) ms",
            [
                .init(name: "killed", value: .integer(Int(leader.rawValue))),
                .init(name: "leader", value: .integer(Int(next.rawValue))),
                .init(name: "longestGapMilliseconds", value: .number(gap)),
            ]
        )
    }

    /// It comes back without its votes, as a learner, must reach what the others had executed by then, and is admitted again.
    private func restart(
        _ id: ReplicaID, in group: LocalGroup
    ) async throws -> (Void, String, [JSONValue.Member]) {
        let target = try await group.reports().compactMap(\.status?.executed).max() ?? .zero
        try await group.process(id)?.start()
        let limit = ContinuousClock.now + Self.catchUpMax
        var said = Instance.zero
        while true {
            let status = try await group.reports().first { $0.member.id == id }?.status
            if let status, status.executed >= target, status.mode == .voter {
                return (
                    (),
                    "replica \(id) has caught up with instance \(target), and votes again in view \(status.epoch.view)",
                    [
                        .init(name: "executed", value: .integer(Int(clamping: status.executed.rawValue))),
                        .init(name: "view", value: .integer(Int(clamping: status.epoch.view.rawValue))),
                    ]
                )
            }
            if let status, status.executed > said {
                said = status.executed
                say("  replica \(id) has executed \(said) of \(target) instances")
            }
            guard ContinuousClock.now < limit else {
                throw CommandFailure(
                    "replica \(id) has not caught up with instance \(target) and been admitted again in \(Self.catchUpMax)"
                )
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
