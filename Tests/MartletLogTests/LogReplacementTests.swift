// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes
import Testing

/// Damaged segments of a log in use are replaced.
@Suite struct LogReplacementTests {
    private static let epoch = Epoch(view: .genesis, regency: Regency(3))
    private static let rewritten = [Records.stable(4), Records.vote(5, 5), Records.vote(6, 6)]

    /// Some segments, of which the first is damaged.
    private func damaged() throws -> (SimulatedDirectory, LogWriter) {
        var files = LogRig.files(3) { $0.tornPermille = 300 }
        var log = try LogRig(&files).log
        try log.append([.incarnation(7), .entered(Self.epoch)], to: &files)
        for round in 1...20 as ClosedRange<UInt64> {
            try log.append([Records.vote(1 + round % 6, round)], to: &files)
            try log.sync(&files)
        }
        try files.corrupt("log-0000000000000001", at: 200)
        return (files, log)
    }

    private func replace(_ log: inout LogWriter, _ files: inout SimulatedDirectory) throws {
        let newest = try Self.newestDamaged(&files)
        let segment = try #require(try log.beginReplacement(through: newest, &files))
        // What else happens meanwhile.
        try log.append([Records.vote(6, 60)], to: &files)
        try log.append(Self.rewritten, to: &files)
        try log.sync(&files)
        #expect(try log.finishReplacement(from: segment, above: .zero, &files))
    }

    private static func damages(_ files: inout SimulatedDirectory) throws -> [LogDamage] {
        try LogScrub.damages(in: &files)
    }

    /// A look that finds no power finds what a look before it found.
    private static func newestDamaged(_ files: inout SimulatedDirectory) throws -> SegmentNumber {
        var powered = files
        powered.faults.operationsLeft = nil
        return try #require(try damages(&powered).compactMap(\.segment).max())
    }

    @Test func theDamagedPartGoesAndWhatWasWrittenAgainIsThere() throws {
        var (files, log) = try damaged()
        #expect(try Self.damages(&files).map(\.file) == ["log-0000000000000001"])
        try replace(&log, &files)
        #expect(try Self.damages(&files).isEmpty)
        try log.append([Records.vote(7)], to: &files)
        try log.sync(&files)
        files.crash()
        let rig = try LogRig(&files, salt: 2)
        #expect(!rig.log.isDamaged && rig.log.recovery.findings.isEmpty)
        #expect(
            rig.delivered
                == [.incarnation(7), .entered(Self.epoch), Records.vote(6, 60)] + Self.rewritten + [Records.vote(7)])
    }

    /// Damaged segments went before what replaced them was durable: a log that looked whole had lost votes.
    @Test func aCrashFindsTheDamageOrAllThatWasWrittenAgain() throws {
        var outcomes: Set<Bool> = []
        for left in 0..<60 {
            var (files, log) = try damaged()
            files.faults.operationsLeft = left
            var isOver = true
            do { try replace(&log, &files) } catch { isOver = false }
            files.faults.operationsLeft = nil
            files.crash()
            let rig = try LogRig(&files, salt: 2)
            outcomes.insert(rig.log.isDamaged)
            if !rig.log.isDamaged {
                #expect(Self.rewritten.allSatisfy { rig.delivered.contains($0) }, "\(left) operations")
                #expect(rig.delivered.contains(.entered(Self.epoch)) && rig.delivered.contains(Records.vote(6, 60)))
            }
            #expect(!isOver || !rig.log.isDamaged)
        }
        #expect(outcomes.count == 2)
    }

    @Test func damageOfTheNewestSegmentIsReplacedToo() throws {
        var (files, log) = try damaged()
        try replace(&log, &files)
        for round in 1...3 as ClosedRange<UInt64> {
            try log.append([Records.vote(8, round)], to: &files)
            try log.sync(&files)
        }
        let newest = try #require(try LogRig.segments(&files).last)
        try files.corrupt(newest, at: 96 + 44 + 3)
        #expect(try Self.damages(&files).map(\.file) == [newest])
        try replace(&log, &files)
        files.crash()
        let rig = try LogRig(&files, salt: 2)
        #expect(!rig.log.isDamaged)
    }

    // MARK: - What comes between

    /// What had been written again was damaged, too, and went for replaced: the next start found it.
    @Test func damageBehindTheBeginningIsNotTakenForReplaced() throws {
        var (files, log) = try damaged()
        let first = try #require(try log.beginReplacement(through: .first, &files))
        #expect(try log.beginReplacement(through: .first, &files) == first)
        try log.append(Self.rewritten, to: &files)
        try log.sync(&files)
        let name = try #require(try LogRig.segments(&files).last)
        try files.corrupt(name, at: try #require(try LogRig.content(name, &files).lastIndex { $0 != 0 }))
        // It is seen when something follows.
        try log.append([Records.vote(7)], to: &files)
        try log.sync(&files)
        try log.seal(&files)
        let newest = try Self.newestDamaged(&files)
        #expect(newest == first)
        let second = try #require(try log.beginReplacement(through: newest, &files))
        #expect(second > first)
        try log.append(Self.rewritten + [Records.vote(7)], to: &files)
        try log.sync(&files)
        #expect(try log.finishReplacement(from: first, above: .zero, &files) == false)
        #expect(try Self.damages(&files).isEmpty == false)
        #expect(try log.finishReplacement(from: second, above: .zero, &files))
        #expect(try Self.damages(&files).isEmpty)
        files.crash()
        let rig = try LogRig(&files, salt: 2)
        #expect(!rig.log.isDamaged && rig.delivered.contains(Records.vote(7)))
        #expect(Self.rewritten.allSatisfy { rig.delivered.contains($0) })
    }

    /// What lies at or below that checkpoint was not written again: it stays until a snapshot covers it.
    @Test func nothingGoesBeforeASnapshotCoversIt() throws {
        var (files, log) = try damaged()
        let segment = try #require(try log.beginReplacement(through: .first, &files))
        try log.append(Self.rewritten, to: &files)
        try log.sync(&files)
        let before = try LogRig.segments(&files)
        for covered in 0...3 as ClosedRange<UInt64> {
            log.drop(through: Instance(covered))
            #expect(try log.finishReplacement(from: segment, above: Instance(4), &files) == false)
        }
        #expect(try LogRig.segments(&files) == before && Self.damages(&files).isEmpty == false)
        log.drop(through: Instance(4))
        #expect(try log.finishReplacement(from: segment, above: Instance(4), &files))
        #expect(try Self.damages(&files).isEmpty)
    }

    /// A log that could be written could not be any more, because there was no space to mend it.
    @Test(arguments: [true, false]) func aFullDiskKeepsNobodyFromWritingWhereThereIsSpace(hasBegun: Bool) throws {
        var (files, log) = try damaged()
        var segment = hasBegun ? try log.beginReplacement(through: .first, &files) : nil
        try log.append([Records.vote(7)], to: &files)
        try log.sync(&files)
        files.faults.capacityBytes = files.usedBytes
        for round in 1...3 as ClosedRange<UInt64> {
            #expect(throws: LogError.self) {
                if hasBegun {
                    _ = try log.finishReplacement(from: segment ?? .first, above: .zero, &files)
                } else {
                    _ = try log.beginReplacement(through: .first, &files)
                }
            }
            #expect(!log.needsRescue)
            // It fits into the zeros ahead.
            if round == 1 {
                try log.append([Records.vote(6, 60)], to: &files)
                try log.sync(&files)
            }
        }
        var crashed = files
        crashed.crash()
        crashed.faults.capacityBytes = nil
        #expect(try LogRig(&crashed, salt: 2).log.isDamaged)
        files.faults.capacityBytes = nil
        if !hasBegun { segment = try log.beginReplacement(through: .first, &files) }
        try log.append([Records.vote(7), Records.vote(6, 60)], to: &files)
        try log.sync(&files)
        let begun = try #require(segment)
        #expect(try log.finishReplacement(from: begun, above: .zero, &files))
        files.crash()
        let rig = try LogRig(&files, salt: 3)
        #expect(!rig.log.isDamaged && rig.delivered.contains(Records.vote(6, 60)))
        #expect(rig.delivered.contains(Records.vote(7)))
    }

    /// A look that took long told of a segment that had been replaced meanwhile: all was replaced once more, and counted as damaged.
    @Test func whatIsGoneByNowIsNotReplacedAgain() throws {
        var (files, log) = try damaged()
        let newest = try Self.newestDamaged(&files)
        try replace(&log, &files)
        let before = try LogRig.segments(&files)
        #expect(try log.beginReplacement(through: newest, &files) == nil)
        #expect(try LogRig.segments(&files) == before)
        // Where all are gone nobody knows what they were called.
        for name in before { try files.remove(name) }
        #expect(try log.beginReplacement(through: .first, &files) != nil)
    }

    /// A file on a bad part of the disk became the next segment.
    @Test func noFileThatWasDamagedIsWrittenOver() throws {
        var (files, log) = try damaged()
        try files.corrupt("log-0000000000000002", at: 200)
        try replace(&log, &files)
        for round in 1...30 as ClosedRange<UInt64> {
            let spares = try files.names().filter { $0.hasPrefix("spare") }
            #expect(!spares.contains { $0.hasSuffix("0000000000000001") || $0.hasSuffix("0000000000000002") })
            try log.append([Records.vote(8, round)], to: &files)
            try log.sync(&files)
        }
        #expect(try LogRig.segments(&files).contains("log-0000000000000001") == false)
    }

    /// It was told of, pass after pass, and stayed.
    @Test func aSegmentThatCannotBeReadIsDamaged() throws {
        var (files, log) = try damaged()
        files.faults.readErrorPermille = 1_000
        let found = try Self.damages(&files)
        #expect(found.map(\.file) == ["log-0000000000000001"] && found.map(\.fault) == [.unreadable])
        files.faults.readErrorPermille = 0
        let damaged = try #require(found[0].segment)
        let segment = try #require(try log.beginReplacement(through: damaged, &files))
        try log.append(Self.rewritten, to: &files)
        try log.sync(&files)
        #expect(try log.finishReplacement(from: segment, above: .zero, &files))
        #expect(try Self.damages(&files).isEmpty)
    }

    /// Syncs fail at each of its operations: what is durable after a rescue is all of it, or the damage is still found.
    @Test(arguments: 1...8) func aReplacementWhoseSyncsFailIsWholeOrIsNone(seed: UInt64) throws {
        var rescues = 0
        for round in 0..<10 as Range<UInt64> {
            var (files, log) = try damaged()
            var random = SeededRandom(seed: 100 * seed + round)
            var isOver = false
            for _ in 0..<40 where !isOver {
                files.faults.syncErrorPermille = random.below(700)
                do {
                    try log.rescue(&files)
                    if let segment = try log.beginReplacement(through: .first, &files) {
                        try log.append(Self.rewritten, to: &files)
                        try log.sync(&files)
                        isOver = try log.finishReplacement(from: segment, above: .zero, &files)
                    } else {
                        // A rescue has finished what had failed at its end.
                        isOver = true
                    }
                } catch {
                    rescues += 1
                }
                var crashed = files
                crashed.faults = DiskFaults()
                crashed.crash()
                let rig = try LogRig(&crashed, salt: 2)
                #expect(rig.log.isDamaged || Self.rewritten.allSatisfy { rig.delivered.contains($0) })
                #expect(!isOver || !rig.log.isDamaged)
            }
        }
        #expect(rescues > 0)
    }
}
