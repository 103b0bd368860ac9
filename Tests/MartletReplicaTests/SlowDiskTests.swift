// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletLog
import MartletTransport
import MartletTypes
import NIOPosix
import Testing

@testable import MartletCore
@testable import MartletReplica

/// Disks that are slow, fail or hang: what the stages make of them, and that a replica can always be stopped.
@Suite(.serialized) struct SlowDiskTests {
    private typealias Mailboxes = StageMailboxes<TextMachine>

    private func mailboxes() -> Mailboxes {
        StageMailboxes(
            bytesMax: 1 << 20, ordering: LoopTask(eventLoop: MultiThreadedEventLoopGroup.singleton.next()),
            execution: .thread)
    }

    private func start(_ disk: ScriptedDisk, _ mailboxes: Mailboxes, _ log: CollectedLog) -> StageThreads {
        let threads = StageThreads()
        let stage = PersistenceStage(disk: disk, mailboxes: mailboxes, logger: log.logger("0"))
        threads.start("persistence") { stage.run() }
        return threads
    }

    private func record(_ number: UInt64) -> PersistenceInput {
        .records([.incarnation(number)], upTo: LogPosition(number))
    }

    // MARK: - Writing

    /// Each message that came had it try again at once.
    @Test func whileTheDiskFailsItIsTriedNowAndThen() async throws {
        let (disk, mailboxes, log) = (ScriptedDisk { $0.fails = true }, mailboxes(), CollectedLog())
        let (threads, begin) = (start(disk, mailboxes, log), ContinuousClock.now)
        for number in 1...100 as ClosedRange<UInt64> {
            mailboxes.persistence.post(record(number))
            try await Task.sleep(for: .milliseconds(3))
        }
        let seconds = Int((ContinuousClock.now - begin).components.seconds)
        #expect(disk.now.attempts <= 2 + seconds && disk.now.records.isEmpty)
        disk.change { $0.fails = false }
        for _ in 0..<1_000 where disk.now.records.count < 100 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(disk.now.records == (1...100).map { .incarnation($0) })
        var told: [OrderingInput] = []
        mailboxes.ordering.take(into: &told)
        #expect(told.contains { if case .durable(LogPosition(100)) = $0 { true } else { false } })
        mailboxes.persistence.close()
        await threads.join("persistence")
        #expect(log.lines.count { $0.contains("cannot write down") } == 1)
    }

    @Test func whoeverStopsHasAllDurableAndSealed() async throws {
        let (disk, mailboxes) = (ScriptedDisk { $0.takes = .milliseconds(20) }, mailboxes())
        let threads = start(disk, mailboxes, CollectedLog())
        for number in 1...10 as ClosedRange<UInt64> { mailboxes.persistence.post(record(number)) }
        mailboxes.persistence.close()
        #expect(await threads.join("persistence", within: .seconds(5)))
        #expect(disk.now.records.count == 10 && disk.now.seals == 1)
    }

    @Test func aFileThatStaysIsTold() async throws {
        let (disk, mailboxes, log) = (ScriptedDisk(), mailboxes(), CollectedLog())
        disk.change { $0.cleaningFailure = .writeFailed(file: "log-1", reason: "a test") }
        let threads = start(disk, mailboxes, log)
        for number in 1...5 as ClosedRange<UInt64> {
            mailboxes.persistence.post(record(number))
            try await Task.sleep(for: .milliseconds(10))
        }
        mailboxes.persistence.close()
        await threads.join("persistence")
        #expect(log.lines.count { $0.contains("log-1 cannot be written: a test") } == 1)
    }

    // MARK: - Stopping

    @Test func aThreadThatHangsIsLeftToItself() async {
        let threads = StageThreads()
        let end = DispatchSemaphore(value: 0)
        threads.start("hangs") { end.wait() }
        threads.start("ends") {}
        #expect(threads.isStarted("hangs") && !threads.isStarted("never"))
        #expect(await !threads.join("hangs", within: .milliseconds(50)))
        #expect(await threads.join("ends", within: .seconds(5)))
        #expect(await threads.join("never"))
        end.signal()
    }

    private func engine(_ place: Int, _ disk: ScriptedDisk, in group: TestGroup) async throws -> ReplicaEngine<
        TextMachine
    > {
        let engine = try ReplicaEngine(
            configuration: group.configuration(place), view: try group.view, mode: .voter,
            incarnation: 1, disk: disk, machine: TextMachine(), onFailure: { _ in })
        try await engine.listen()
        engine.start(RecoveredDisk())
        return engine
    }

    private func durable() -> GroupSettings {
        var settings = GroupSettings()
        settings.isDurable = true
        settings.checkpointPeriod = 8
        return settings
    }

    /// It was never answered: what waited for the disk was forgotten.
    @Test func whatIsDecidedIsAnsweredWhenItBecomesDurable() async throws {
        let group = try await TestGroup(settings: durable())
        let disk = ScriptedDisk()
        try group.start(0..<3)
        let engine = try await engine(3, disk, in: group)
        let client = try RawClient(group: group)
        let session = try await client.open()
        _ = try await client.put("a=1", in: session)
        try await Task.sleep(for: .milliseconds(300))
        let before = client.replyCount(of: ReplicaID(3))
        #expect(before == 2)
        disk.change { $0.takes = .milliseconds(400) }
        _ = try await client.put("a=2", in: session)
        try await Task.sleep(for: .milliseconds(100))
        #expect(client.replyCount(of: ReplicaID(3)) == before)
        await engine.stop()
        try await Task.sleep(for: .milliseconds(100))
        #expect(client.replyCount(of: ReplicaID(3)) == before + 1)
        #expect(disk.now.seals > 0)
        await client.close()
        try await group.stopAll()
    }

    @Test(arguments: [true, false]) func aReplicaWhoseDiskHangsCanBeStopped(isLog: Bool) async throws {
        let group = try await TestGroup(settings: durable())
        let disk = ScriptedDisk()
        try group.start(0..<3)
        let engine = try await engine(3, disk, in: group)
        let client = try RawClient(group: group)
        let session = try await client.open()
        disk.change { isLog ? ($0.hangs = true) : ($0.keepHangs = true) }
        for number in 1...20 { _ = try await client.put("a=\(number)", in: session) }
        let begin = ContinuousClock.now
        await engine.stop()
        #expect(ContinuousClock.now - begin < .seconds(15))
        #expect(group.log.contains("3: error: the disk has not written \(isLog ? "the log" : "a snapshot")"))
        disk.change { ($0.hangs, $0.keepHangs) = (false, false) }
        await client.close()
        try await group.stopAll()
    }

    // MARK: - What a snapshot's disk does is nobody else's delay

    /// One thread did both: STOPDATA and SYNC waited for it.
    @Test func aLeaderChangeDoesNotWaitForASnapshot() async throws {
        let group = try await TestGroup(settings: durable())
        let disk = ScriptedDisk { $0.keepHangs = true }
        try group.start(0..<3)
        let engine = try await engine(3, disk, in: group)
        let client = try RawClient(group: group)
        let session = try await client.open()
        for number in 1...10 { _ = try await client.put("a=\(number)", in: session) }
        // Without replica 3 there is no quorum for another leader.
        try await group.stop(0)
        #expect(try await client.put("a=11", in: session) == "10")
        #expect(disk.now.snapshots.isEmpty)
        disk.change { $0.keepHangs = false }
        await engine.stop()
        await client.close()
        try await group.stopAll()
    }
}
