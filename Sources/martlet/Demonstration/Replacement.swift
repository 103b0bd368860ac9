// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletTypes

/// One replica of a running group of processes replaced by a new one, as an administrator does it.
struct Replacement {
    /// How long the new one may take to become a member, and then the old one to leave.
    private static let patience = Duration.seconds(60)
    private static let pause = Duration.milliseconds(200)

    /// What became of it. In seconds from the beginning.
    struct Times: Sendable {
        let newcomer: ReplicaID
        /// The first view in which it was seen to vote.
        let view: ViewNumber
        let votes: Double
        let hasLeft: Double
    }

    let group: LocalGroup
    let old: ReplicaID

    /// Starts the new one and orders the operation; returns when the new one votes and the old one has ended by itself.
    func run() async throws -> Times {
        let start = ContinuousClock.now
        func seconds() -> Double { (ContinuousClock.now - start) / .seconds(1) }
        let access = try group.access()
        let desk = try await OperationDesk(access, within: Self.patience)
        let (member, process) = try group.makeNewcomer(desk.view.lastID.next)
        try await process.start()
        let learner = Learner(member, replacing: old)
        _ = try await desk.order(desk.signed(Reconfiguration(after: desk.view, .add(learner))))
        let view = try await waitUntilVoting(member.id, access)
        let votes = seconds()
        try await waitForEnd()
        group.forget(old)
        return Times(newcomer: member.id, view: view, votes: votes, hasLeft: seconds())
    }

    private func waitUntilVoting(_ id: ReplicaID, _ access: GroupAccess) async throws -> ViewNumber {
        let limit = ContinuousClock.now + Self.patience
        while true {
            let health = try await access.health(within: .seconds(1))
            let status = health.reports.first { $0.member.id == id }?.status
            if health.view.index(of: id) != nil, let status, status.mode == .voter { return status.epoch.view }
            guard ContinuousClock.now < limit else {
                throw CommandFailure(
                    "replica \(id) does not vote after \(Self.patience): \(JoinWatch.sentence(on: id, health))\n"
                        + group.lastLines(of: id))
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    /// Returns when the process of the old one has ended by itself, without an error.
    func waitForEnd() async throws {
        guard let process = group.process(old) else { return }
        let limit = ContinuousClock.now + Self.patience
        while process.processIdentifier != nil {
            guard ContinuousClock.now < limit else {
                throw CommandFailure(
                    "replica \(old) was replaced and has not ended after \(Self.patience)\n\(group.lastLines(of: old))")
            }
            try await Task.sleep(for: Self.pause)
        }
        let ending = await process.waitUntilEnded()
        guard ending == .exited(0) else {
            throw CommandFailure(
                "replica \(old), which was replaced, \(ending.map { "\($0)" } ?? "was never started")\n\(group.lastLines(of: old))"
            )
        }
    }
}
