// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes
import Testing

/// The power goes, a sync fails or the disk is full at each single operation of a run that does everything snapshots can do.
@Suite("Crashes of snapshots")
struct SnapshotCrashTests {
    private static var settings: SnapshotSettings {
        var settings = SnapshotSettings()
        settings.rewrittenBytes = 60
        settings.layersMax = 3
        settings.stepBytes = 64
        settings.syncBytes = 128
        return settings
    }

    private struct Script {
        /// What was reported as durable, and not given up since.
        private(set) var durable: [(instance: UInt64, checkpoint: HashedCheckpoint)] = []
        private(set) var isOver = false
        /// Failures after which it is tried again.
        var failuresLeft = 0

        private static func checkpoint(_ round: UInt64) -> HashedCheckpoint {
            // Places 0 to 5 change every 1, 2, 3 … rounds.
            SampleCheckpoint.versions((0..<8).map { Int(round) / ($0 + 1) })
        }

        /// Does it all; ends where the power goes.
        mutating func run(_ snapshots: inout SnapshotFiles, _ files: inout SimulatedDirectory) {
            for round in 1...10 as ClosedRange<UInt64> {
                let checkpoint = Self.checkpoint(round)
                while true {
                    do {
                        _ = try snapshots.keep(checkpoint, after: Instance(round), in: &files)
                        break
                    } catch {
                        guard failuresLeft > 0 else { return }
                        failuresLeft -= 1
                        files.faults.capacityBytes = nil
                        files.faults.syncErrorPermille = 0
                    }
                }
                durable.append((round, checkpoint))
                guard round % 3 != 1 else { continue }
                // What is given up may be gone whatever comes of it.
                durable.removeAll { $0.instance < round }
                _ = snapshots.note(stable: SampleCheckpoint.certificate(round, checkpoint), in: &files)
            }
            isOver = true
        }
    }

    private static func check(_ files: inout SimulatedDirectory, _ script: Script, _ context: String) throws {
        // Each that is there is whole, whether it was reported or not.
        let inspection = try SnapshotInspection(of: &files, hashing: SampleCheckpoint.hashing)
        #expect(inspection.snapshots.allSatisfy { $0.isWhole }, "\(context): \(inspection)")
        var once = files
        try checkDurable(&once, script, context)
        let operations = once.operations - files.operations
        // Recovery itself dies at each operation once.
        for left in stride(from: 0, to: operations, by: 2) {
            var again = files
            again.faults.operationsLeft = left
            do { try checkDurable(&again, script, context) } catch { again.crash() }
            again.crash()
            try checkDurable(&again, script, "\(context), again after \(left)")
        }
    }

    private static func checkDurable(_ files: inout SimulatedDirectory, _ script: Script, _ context: String) throws {
        var snapshots = try SnapshotFiles(in: &files, LogRig.identity, settings)
        for (instance, checkpoint) in script.durable {
            let found = try snapshots.checkpoint(
                after: Instance(instance), checkpoint.digest, in: &files, hashed: SampleCheckpoint.hashed)
            #expect(found == checkpoint, "\(context): that after \(instance)")
        }
        #expect(try files.names().allSatisfy { !$0.hasSuffix("draft") }, "\(context)")
    }

    @Test(
        "At each operation, with whatever of it is done: what was reported as durable is whole",
        arguments: 1...4 as ClosedRange<UInt64>)
    func everywhere(seed: UInt64) throws {
        var left = 0
        while true {
            var files = LogRig.files(seed &* 1_000 &+ UInt64(left)) { $0.tornPermille = seed % 2 == 0 ? 300 : 0 }
            var snapshots = try SnapshotFiles(in: &files, LogRig.identity, Self.settings)
            files.faults.operationsLeft = left
            var script = Script()
            script.run(&snapshots, &files)
            files.crash()
            try Self.check(&files, script, "seed \(seed), \(left) operations")
            if script.isOver { break }
            left += 1 + Int(seed % 3)
        }
        #expect(left > 80)
    }

    @Test("A sync fails at any operation, and is tried again; then the power goes")
    func failedSyncs() throws {
        var failures = 0
        for seed in 1...100 as ClosedRange<UInt64> {
            var files = LogRig.files(seed) { $0.tornPermille = 300 }
            var snapshots = try SnapshotFiles(in: &files, LogRig.identity, Self.settings)
            files.faults.syncErrorPermille = 100
            files.faults.operationsLeft = 40 + Int(seed)
            var script = Script()
            script.failuresLeft = 1
            script.run(&snapshots, &files)
            failures += 1 - script.failuresLeft
            files.faults.syncErrorPermille = 0
            files.crash()
            try Self.check(&files, script, "seed \(seed)")
        }
        #expect(failures > 30)
    }

    @Test("The disk is full at any byte, and then is not; then the power goes")
    func noSpace() throws {
        for capacity in stride(from: 0, to: 3_000, by: 41) {
            var files = LogRig.files(UInt64(capacity))
            var snapshots = try SnapshotFiles(in: &files, LogRig.identity, Self.settings)
            files.faults.capacityBytes = capacity
            var script = Script()
            script.failuresLeft = 1
            script.run(&snapshots, &files)
            #expect(script.isOver)
            files.crash()
            try Self.check(&files, script, "\(capacity) bytes")
        }
    }
}
