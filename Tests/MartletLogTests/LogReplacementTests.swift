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
        let segment = try log.beginReplacement(&files)
        // What else happens meanwhile.
        try log.append([Records.vote(6, 60)], to: &files)
        try log.append(Self.rewritten, to: &files)
        try log.sync(&files)
        try log.finishReplacement(from: segment, &files)
    }

    @Test func theDamagedPartGoesAndWhatWasWrittenAgainIsThere() throws {
        var (files, log) = try damaged()
        var twin = files
        #expect(try LogScrub.damages(pacedBy: &files, again: &twin).map(\.file) == ["log-0000000000000001"])
        try replace(&log, &files)
        #expect(try LogScrub.damages(pacedBy: &files, again: &twin).isEmpty)
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
        var twin = files
        #expect(try LogScrub.damages(pacedBy: &files, again: &twin).map(\.file) == [newest])
        try replace(&log, &files)
        files.crash()
        let rig = try LogRig(&files, salt: 2)
        #expect(!rig.log.isDamaged)
    }
}
