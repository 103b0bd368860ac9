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

/// What the stages make of damage at rest: the core is asked once, and what is damaged goes when what it wrote again is durable.
@Suite(.serialized) struct DamagedLogTests {
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

    private func count(_ told: [OrderingInput], where isCounted: (Event) -> Bool) -> Int {
        told.count { if case .event(let event) = $0 { isCounted(event) } else { false } }
    }

    /// Damage that is found while the disk fails is told when it can be mended, and once however often it was found.
    @Test func damageIsToldWhenTheLogCanBeWritten() async throws {
        let (disk, mailboxes) = (ScriptedDisk { $0.fails = true }, mailboxes())
        let threads = start(disk, mailboxes, CollectedLog())
        mailboxes.persistence.post(record(1))
        for _ in 0..<5 { mailboxes.persistence.post(.replace(through: .first)) }
        try await Task.sleep(for: .milliseconds(300))
        var told: [OrderingInput] = []
        mailboxes.ordering.take(into: &told)
        #expect(count(told) { if case .logBroken = $0 { true } else { false } } == 1)
        #expect(count(told) { if case .logDamaged = $0 { true } else { false } } == 0)
        disk.change { $0.fails = false }
        for _ in 0..<1_000 where disk.now.replacementsBegun == 0 { try await Task.sleep(for: .milliseconds(10)) }
        mailboxes.persistence.close()
        await threads.join("persistence")
        mailboxes.ordering.take(into: &told)
        let mended = try #require(told.firstIndex { if case .event(.logMended) = $0 { true } else { false } })
        let damaged = try #require(told.firstIndex { if case .event(.logDamaged) = $0 { true } else { false } })
        #expect(mended < damaged && disk.now.replacementsBegun == 1)
    }

    /// Its records are durable first, also where the replica is stopped meanwhile; and the log is sealed after that.
    @Test func whatWasWrittenAgainTakesTheDamagedPartsPlaceWhenItIsDurable() async throws {
        let (disk, mailboxes) = (ScriptedDisk { $0.fails = true }, mailboxes())
        let threads = start(disk, mailboxes, CollectedLog())
        let rewritten = LogRewritten(segment: 1, above: Instance(8))
        mailboxes.persistence.post(record(1))
        mailboxes.persistence.post(.rewritten(rewritten))
        try await Task.sleep(for: .milliseconds(300))
        #expect(disk.now.rewritten.isEmpty)
        disk.change { $0.fails = false }
        mailboxes.persistence.post(.replace(through: .first))
        mailboxes.persistence.close()
        #expect(await threads.join("persistence", within: .seconds(5)))
        #expect(disk.now.records.count == 1 && disk.now.rewritten == [rewritten] && disk.now.seals == 1)
    }

    /// Told late, of segments that are replaced by now.
    @Test func whatIsReplacedByNowIsNotAskedForAgain() async throws {
        let (disk, mailboxes) = (ScriptedDisk { $0.isReplaced = true }, mailboxes())
        let threads = start(disk, mailboxes, CollectedLog())
        mailboxes.persistence.post(.replace(through: .first))
        mailboxes.persistence.post(record(1))
        for _ in 0..<1_000 where disk.now.replacementsBegun == 0 { try await Task.sleep(for: .milliseconds(10)) }
        mailboxes.persistence.close()
        await threads.join("persistence")
        var told: [OrderingInput] = []
        mailboxes.ordering.take(into: &told)
        #expect(count(told) { if case .logDamaged = $0 { true } else { false } } == 0)
        #expect(disk.now.replacementsBegun == 1)
    }

    /// That there is no space to mend it silenced a replica that could still write.
    @Test func aLogThatCannotBeMendedIsStillWritten() async throws {
        let (disk, mailboxes, log) = (ScriptedDisk { $0.replacementFails = true }, mailboxes(), CollectedLog())
        let threads = start(disk, mailboxes, log)
        mailboxes.persistence.post(.replace(through: .first))
        for number in 1...5 as ClosedRange<UInt64> { mailboxes.persistence.post(record(number)) }
        for _ in 0..<1_000 where disk.now.records.count < 5 { try await Task.sleep(for: .milliseconds(10)) }
        for _ in 0..<1_000 where !log.lines.contains(where: { $0.contains("cannot be replaced") }) {
            try await Task.sleep(for: .milliseconds(10))
        }
        disk.change { $0.replacementFails = false }
        mailboxes.persistence.post(record(6))
        for _ in 0..<1_000 where disk.now.records.count < 6 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(disk.now.replacementsBegun == 0, "it is tried again with the next pass")
        mailboxes.persistence.post(.replace(through: .first))
        for _ in 0..<1_000 where disk.now.replacementsBegun == 0 { try await Task.sleep(for: .milliseconds(10)) }
        mailboxes.persistence.close()
        await threads.join("persistence")
        var told: [OrderingInput] = []
        mailboxes.ordering.take(into: &told)
        #expect(count(told) { if case .logBroken = $0 { true } else { false } } == 0)
        #expect(count(told) { if case .logDamaged(2) = $0 { true } else { false } } == 1)
        #expect(disk.now.records.count == 6)
    }

    /// While it waited for a snapshot each pass had all written once more.
    @Test func whatWaitsForASnapshotIsNotAskedForAgain() async throws {
        let (disk, mailboxes) = (ScriptedDisk { $0.finishes = false }, mailboxes())
        let threads = start(disk, mailboxes, CollectedLog())
        let rewritten = LogRewritten(segment: 2, above: Instance(8))
        mailboxes.persistence.post(.replace(through: .first))
        for _ in 0..<1_000 where disk.now.replacementsBegun == 0 { try await Task.sleep(for: .milliseconds(10)) }
        mailboxes.persistence.post(record(1))
        mailboxes.persistence.post(.rewritten(rewritten))
        for _ in 0..<3 {
            mailboxes.persistence.post(.replace(through: .first))
            try await Task.sleep(for: .milliseconds(50))
        }
        disk.change { $0.finishes = true }
        mailboxes.persistence.post(.drop(through: Instance(8)))
        for _ in 0..<100 { try await Task.sleep(for: .milliseconds(10)) }
        mailboxes.persistence.close()
        await threads.join("persistence")
        var told: [OrderingInput] = []
        mailboxes.ordering.take(into: &told)
        #expect(count(told) { if case .logDamaged = $0 { true } else { false } } == 1)
        #expect(disk.now.rewritten.count > 3 && disk.now.rewritten.allSatisfy { $0 == rewritten })
    }
}
