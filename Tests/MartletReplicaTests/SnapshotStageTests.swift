// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletTransport
import MartletTypes
import NIOPosix
import Testing

@testable import MartletCore
@testable import MartletReplica

/// The thread that writes checkpoints down: when it waits for its turn, and what it does not wait for.
@Suite(.serialized) struct SnapshotStageTests {
    private typealias Mailboxes = StageMailboxes<TextMachine>

    /// K. Two seconds pass from one checkpoint to the next, as far as the stage is told: the last of four replicas waits for 600 ms.
    private static let period = 100
    /// What the disk takes.
    private static let work = Interval.milliseconds(50)

    private struct Stage {
        let disk = ScriptedDisk { $0.takes = SnapshotStageTests.work }
        let mailboxes = Mailboxes(
            bytesMax: 1 << 20, ordering: LoopTask(eventLoop: MultiThreadedEventLoopGroup.singleton.next()),
            execution: .thread)
        let threads = StageThreads()
        let view: View

        init(rank: Int) throws {
            let members = (0..<4).map {
                Member(
                    id: ReplicaID(UInt16($0)), key: PublicKey(words: Words32(1, 1, 1, UInt64($0))), host: "localhost",
                    port: 1_000 + $0, isHeavy: $0 < 2)
            }
            view = try View(
                group: .zero, number: .genesis, faultModel: .byzantine, f: 1, members: members,
                leaderOrder: members.map(\.id), settings: GroupSettings())
            let stage = SnapshotStage(
                mailboxes: mailboxes, store: SharedSnapshots(), disk: disk,
                turns: SnapshotTurns(rank: rank, replicaCount: 4), checkpointPeriod: SnapshotStageTests.period,
                logger: CollectedLog().logger("0"))
            threads.start("snapshots") { stage.run(beginningWith: Handover(nil)) }
        }

        func take(_ instance: UInt64, at time: Instant = SystemClock.monotonic) {
            mailboxes.executed.note(Instance(instance))
            mailboxes.snapshots.post(.encode(pending(instance), takenAt: time))
        }

        private func pending(_ instance: UInt64) -> PendingSnapshot<TextMachine> {
            PendingSnapshot(
                instance: Instance(instance), time: .zero, view: view,
                sessions: SessionTable(settings: GroupSettings()), adaptation: .empty,
                replies: ReplyCache(settings: GroupSettings()), application: ["instance": "\(instance)"])
        }

        /// Returns when the last of so many was kept.
        func untilKept(_ count: Int) async throws -> Instant {
            for _ in 0..<5_000 where disk.now.snapshots.count < count { try await Task.sleep(for: .milliseconds(2)) }
            #expect(disk.now.snapshots.count == count)
            return disk.now.keptAt.last ?? .zero
        }

        /// Returns when the second one was taken. It is waited for then, unless its turn is at once.
        func takeTwo() async throws -> Instant {
            take(100, at: Instant(SystemClock.monotonic.rawValue - 2_000_000_000))
            _ = try await untilKept(1)
            let now = SystemClock.monotonic
            take(200, at: now)
            return now
        }

        func stop() async {
            mailboxes.snapshots.close()
            await threads.join("snapshots")
        }
    }

    @Test func theLastInTurnWaitsAndTheFirstDoesNot() async throws {
        for rank in [0, 3] {
            let stage = try Stage(rank: rank)
            let taken = try await stage.takeTwo()
            // Nothing of this is a reason to begin.
            stage.mailboxes.snapshots.post(.forget(ForgottenSnapshots(below: Instance(1))))
            stage.mailboxes.executed.note(Instance(249))
            let time = try await stage.untilKept(2).since(taken)
            #expect(rank == 0 ? time < .milliseconds(550) : time > .milliseconds(450))
            await stage.stop()
        }
    }

    @Test func nobodyWaitsWhenTheNextOneIsNear() async throws {
        let stage = try Stage(rank: 3)
        let taken = try await stage.takeTwo()
        stage.mailboxes.executed.note(Instance(250))
        #expect(try await stage.untilKept(2).since(taken) < .milliseconds(550))
        await stage.stop()
    }

    /// One of them gone, the group stood still for a word on the one before, and the next one was waited for meanwhile.
    @Test func whatIsOverdueIsNotWaitedBehind() async throws {
        let stage = try Stage(rank: 3)
        let taken = try await stage.takeTwo()
        try await Task.sleep(for: .milliseconds(20))
        stage.mailboxes.snapshots.post(.keepAgain(Instance(100), .zero))
        #expect(try await stage.untilKept(2).since(taken) < .milliseconds(550))
        await stage.stop()
    }

    @Test func allAreWrittenInTheirOrderHoweverFastTheyCome() async throws {
        let stage = try Stage(rank: 3)
        _ = try await stage.takeTwo()
        for instance in [300, 400, 500] as [UInt64] { stage.take(instance) }
        _ = try await stage.untilKept(5)
        #expect(stage.disk.now.snapshots.map(\.rawValue) == [100, 200, 300, 400, 500])
        await stage.stop()
    }

    @Test func whoStopsDoesNotWaitNorBegin() async throws {
        let stage = try Stage(rank: 3)
        _ = try await stage.takeTwo()
        try await Task.sleep(for: .milliseconds(20))
        let begin = SystemClock.monotonic
        await stage.stop()
        #expect(
            SystemClock.monotonic.since(begin) < .milliseconds(500) && stage.disk.now.snapshots.map(\.rawValue) == [100]
        )
    }
}
