// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes
import Testing

/// Damage to snapshots at rest is found, counts for nothing, and is written again.
@Suite struct SnapshotScrubTests {
    private let first = SampleCheckpoint.versions([0, 0, 0, 0])
    private let second = SampleCheckpoint.versions([0, 1, 0, 0])

    private func kept(_ seed: UInt64 = 1) throws -> (SimulatedDirectory, SnapshotFiles) {
        var files = LogRig.files(seed)
        var snapshots = try SnapshotFiles(in: &files, LogRig.identity)
        _ = try snapshots.keep(first, after: Instance(8), in: &files)
        _ = try snapshots.keep(second, after: Instance(16), in: &files)
        return (files, snapshots)
    }

    private func scrub(
        _ snapshots: inout SnapshotFiles, _ files: inout SimulatedDirectory
    ) throws -> [SnapshotScrub.Finding] {
        var scrub = SnapshotScrub(of: snapshots)
        var findings: [SnapshotScrub.Finding] = []
        while !scrub.isOver {
            if let finding = try scrub.step(&snapshots, in: &files) { findings.append(finding) }
        }
        return findings
    }

    private func repair(_ snapshots: inout SnapshotFiles, _ files: inout SimulatedDirectory) throws {
        for entry in snapshots.damagedEntries {
            _ = try snapshots.keep(entry.instance == Instance(8) ? first : second, after: entry.instance, in: &files)
        }
    }

    private func expectWhole(_ files: inout SimulatedDirectory) throws {
        files.crash()
        let inspection = try SnapshotInspection(of: &files, hashing: SampleCheckpoint.hashing)
        #expect(inspection.snapshots.count == 2 && inspection.snapshots.allSatisfy { $0.isWhole })
        #expect(inspection.layers.allSatisfy { $0.damages.isEmpty && $0.fault == nil })
    }

    @Test func nothingIsFoundWhereNothingIsDamaged() throws {
        var (files, snapshots) = try kept()
        #expect(try scrub(&snapshots, &files).isEmpty)
    }

    @Test func aFlippedBitAnywhereIsFoundAndMended() throws {
        let sizes = ["layer-0000000000000001": 120, "layer-0000000000000002": 76, "snapshot-0000000000000010": 338]
        for (name, size) in sizes.sorted(by: { $0.key < $1.key }) {
            for offset in 0..<size {
                var (files, snapshots) = try kept()
                #expect(try files.size(of: name) == size)
                try files.corrupt(name, at: offset)
                let findings = try scrub(&snapshots, &files)
                #expect(findings.map(\.file) == [name], "\(name) at \(offset)")
                try repair(&snapshots, &files)
                #expect(snapshots.damagedEntries.isEmpty)
                #expect(try scrub(&snapshots, &files).isEmpty, "\(name) at \(offset)")
                try expectWhole(&files)
            }
        }
    }

    /// Unreadable places were told of, pass after pass, and never mended.
    @Test func whatCannotBeReadIsDamagedAndMended() throws {
        var (files, snapshots) = try kept()
        files.faults.readErrorPermille = 1_000
        let findings = try scrub(&snapshots, &files)
        #expect(findings.count >= 2 && findings.allSatisfy { $0.reason.contains("cannot be read") })
        #expect(snapshots.damagedEntries.map(\.instance) == [Instance(8), Instance(16)])
        files.faults.readErrorPermille = 0
        try repair(&snapshots, &files)
        #expect(snapshots.damagedEntries.isEmpty)
        #expect(try scrub(&snapshots, &files).isEmpty)
        try expectWhole(&files)
    }

    /// A read that fails once only is no damage.
    @Test func whatIsReadAtTheSecondAttemptIsWhole() throws {
        var (reads, found) = (0, 0)
        for seed in 1...200 as ClosedRange<UInt64> {
            var (files, snapshots) = try kept(seed)
            files.faults.readErrorPermille = 100
            found += try scrub(&snapshots, &files).count
            reads += files.counts.readErrors
        }
        #expect(reads > 100 && found * 4 < reads)
    }

    @Test func onlyTheDamagedChunkIsWrittenAgain() throws {
        var (files, snapshots) = try kept()
        try files.corrupt("layer-0000000000000001", at: 62)
        let finding = try #require(try scrub(&snapshots, &files).first)
        #expect(finding.offset == 62 && finding.snapshots.map(\.instance) == [Instance(8), Instance(16)])
        try repair(&snapshots, &files)
        #expect(try files.size(of: "layer-0000000000000003") == 62 + 13)
        #expect(try files.names().filter { $0.hasPrefix("layer-") }.count == 3)
    }

    @Test func aLayerThatIsGoneIsWrittenAgain() throws {
        var (files, snapshots) = try kept()
        try files.remove("layer-0000000000000001")
        #expect(try scrub(&snapshots, &files).map(\.reason) == ["the file is gone"])
        try repair(&snapshots, &files)
        try expectWhole(&files)
    }

    /// An older snapshot went, and the log with it, because of a newer one that was known to be damaged.
    @Test func nothingRestsOnADamagedSnapshot() throws {
        var (files, snapshots) = try kept()
        try files.corrupt("layer-0000000000000002", at: 70)
        #expect(try scrub(&snapshots, &files).count == 1)
        #expect(snapshots.note(stable: SampleCheckpoint.certificate(16, second), in: &files) == nil)
        #expect(snapshots.holds(Instance(8), first.digest))
        #expect(try snapshots.keep(second, after: Instance(16), in: &files) == Instance(16))
        #expect(!snapshots.holds(Instance(8), first.digest))
    }

    /// Each pass told of it again, and each time another attempt to write it began, which went on for as long as the disk was full.
    @Test func damageIsToldOnceUntilItIsMended() throws {
        let places = [
            ("layer-0000000000000001", 5), ("layer-0000000000000001", 62), ("snapshot-0000000000000010", 40),
        ]
        for (name, offset) in places {
            var (files, snapshots) = try kept()
            try files.corrupt(name, at: offset)
            #expect(try scrub(&snapshots, &files).map(\.file) == [name])
            #expect(try scrub(&snapshots, &files).isEmpty)
            #expect(!snapshots.damagedEntries.isEmpty)
            try repair(&snapshots, &files)
            try files.corrupt("layer-0000000000000002", at: 70)
            #expect(try scrub(&snapshots, &files).count == 1)
        }
    }

    /// A repair that failed at its end, or between two names, was not tried again: what was there before did not count as damaged any more.
    @Test func aRepairThatFailsAnywhereIsTriedAgain() throws {
        var failures = 0
        for left in 0..<40 {
            var (files, snapshots) = try kept()
            try files.corrupt("layer-0000000000000002", at: 70)
            #expect(try scrub(&snapshots, &files).count == 1)
            files.faults.operationsLeft = left
            do {
                try repair(&snapshots, &files)
            } catch FileError.notFound {
                Issue.record("\(left) operations")
            } catch {
                failures += 1
                #expect(snapshots.damagedEntries.map(\.instance) == [Instance(16)], "\(left) operations")
            }
            files.faults.operationsLeft = nil
            try repair(&snapshots, &files)
            #expect(snapshots.damagedEntries.isEmpty)
            try expectWhole(&files)
        }
        #expect(failures > 8)
    }

    /// The list of chunks of what was mended went before the new one had its name: a crash in between found none.
    @Test func aCrashDuringARepairFindsTheOldOneOrTheNew() throws {
        for left in 0..<40 {
            for seed in 1...8 as ClosedRange<UInt64> {
                var (files, snapshots) = try kept(seed)
                try files.corrupt("layer-0000000000000002", at: 70)
                #expect(try scrub(&snapshots, &files).count == 1)
                files.faults.operationsLeft = left
                var isMended = true
                do { try repair(&snapshots, &files) } catch { isMended = false }
                files.faults.operationsLeft = nil
                files.crash()
                let again = try SnapshotFiles(in: &files, LogRig.identity)
                #expect(isMended || left < 39)
                #expect(again.holds(Instance(16), second.digest), "\(left) operations, seed \(seed)")
            }
        }
    }

    /// One that is not in memory any more either: nothing rests on it, and the next one takes its place. Until then a restart finds
    /// that it cannot be read.
    @Test func whatNobodyHasAnyMoreIsHealedByTheNextCheckpoint() throws {
        var (files, snapshots) = try kept()
        _ = snapshots.note(stable: SampleCheckpoint.certificate(16, second), in: &files)
        try files.corrupt("layer-0000000000000002", at: 70)
        #expect(try scrub(&snapshots, &files).count == 1)
        var crashed = files
        crashed.crash()
        var again = try SnapshotFiles(in: &crashed, LogRig.identity)
        #expect(again.holds(Instance(16), second.digest))
        #expect(
            try again.checkpoint(after: Instance(16), second.digest, in: &crashed) {
                SampleCheckpoint.hashed($0)
            } == nil)
        let third = SampleCheckpoint.versions([0, 1, 1, 0])
        _ = try snapshots.keep(third, after: Instance(24), in: &files)
        #expect(snapshots.note(stable: SampleCheckpoint.certificate(24, third), in: &files) == Instance(24))
        #expect(snapshots.damagedEntries.isEmpty)
        #expect(try scrub(&snapshots, &files).isEmpty)
        files.crash()
        let inspection = try SnapshotInspection(of: &files, hashing: SampleCheckpoint.hashing)
        #expect(inspection.snapshots.count == 1 && inspection.snapshots.allSatisfy { $0.isWhole })
    }
}
