// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes
import Testing

/// How much space snapshots take in the long run, and what it costs to keep it so.
@Suite("Layers of snapshots")
struct SnapshotLayersTests {
    private static var settings: SnapshotSettings {
        var settings = SnapshotSettings()
        settings.rewrittenBytes = 100
        settings.layersMax = 8
        return settings
    }

    /// Of layers, without their headers.
    private static func layerBytes(_ files: inout SimulatedDirectory) throws -> [String: Int] {
        var sizes: [String: Int] = [:]
        for name in try files.names() where name.hasPrefix("layer-") { sizes[name] = try files.size(of: name) - 62 }
        return sizes
    }

    @Test(
        "At most two thirds of all bytes are dead, in a bounded number of layers, at a bounded cost"
    )
    func bounds() throws {
        for seed in 1...6 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var files = LogRig.files(seed)
            var snapshots = try SnapshotFiles(in: &files, LogRig.identity, Self.settings)
            var versions = Array(repeating: 0, count: 60)
            var checkpoint = SampleCheckpoint.versions(versions)
            var before: [String: Int] = [:]
            for round in 1...120 as ClosedRange<UInt64> {
                let earlier = Set(checkpoint.manifest.digests)
                // Some places change more often than others.
                for _ in 0..<random.below(6) { versions[random.below(random.pick([10, 60]))] += 1 }
                checkpoint = SampleCheckpoint.versions(versions)
                let new = checkpoint.contents.chunks.enumerated()
                    .filter { round == 1 || !earlier.contains(checkpoint.manifest.digests[$0.offset]) }
                    .reduce(0) { $0 + $1.element.count }
                _ = try snapshots.keep(checkpoint, after: Instance(round), in: &files)
                let sizes = try Self.layerBytes(&files)
                let written = sizes.filter { before[$0.key] == nil }.values.reduce(0, +)
                let state = checkpoint.manifest.bytes
                #expect(written <= new + max(new, 100) + state / 8 + 1, "seed \(seed), round \(round)")
                _ = snapshots.note(stable: SampleCheckpoint.certificate(round, checkpoint), in: &files)
                before = try Self.layerBytes(&files)
                #expect(before.count <= 8 && before.values.reduce(0, +) <= 3 * state, "seed \(seed), round \(round)")
            }
            let whole = try SnapshotInspection(of: &files, hashing: SampleCheckpoint.hashing)
            #expect(whole.snapshots.count == 1 && whole.snapshots.allSatisfy { $0.isWhole })
            #expect(whole.layers.count == before.count)
        }
    }

    @Test("A state that shrinks at once gives its space back with the next snapshots")
    func shrinks() throws {
        var files = LogRig.files()
        var snapshots = try SnapshotFiles(in: &files, LogRig.identity, Self.settings)
        var versions = Array(repeating: 0, count: 100)
        for round in 1...30 as ClosedRange<UInt64> {
            if round == 2 { versions.removeLast(70) }
            versions[0] += 1
            let checkpoint = SampleCheckpoint.versions(versions)
            _ = try snapshots.keep(checkpoint, after: Instance(round), in: &files)
            _ = snapshots.note(stable: SampleCheckpoint.certificate(round, checkpoint), in: &files)
        }
        let state = SampleCheckpoint.versions(versions).manifest.bytes
        #expect(try Self.layerBytes(&files).values.reduce(0, +) <= 2 * state)
    }

    @Test("After a failure nothing is written again that need not be")
    func tight() throws {
        var files = LogRig.files()
        var snapshots = try SnapshotFiles(in: &files, LogRig.identity, Self.settings)
        let first = SampleCheckpoint.versions([0, 0, 0, 0, 0])
        _ = try snapshots.keep(first, after: Instance(1), in: &files)
        // Most of the only layer is dead, yet the disk is full.
        let second = SampleCheckpoint.versions([0, 1, 1, 1, 1])
        files.faults.capacityBytes = files.usedBytes
        #expect(throws: FileError.self) { _ = try snapshots.keep(second, after: Instance(2), in: &files) }
        files.faults.capacityBytes = nil
        _ = try snapshots.keep(second, after: Instance(2), in: &files)
        #expect(try files.size(of: "layer-0000000000000002") == 62 + 4 * 13 + 10)
        let third = SampleCheckpoint.versions([0, 1, 1, 1, 2])
        _ = try snapshots.keep(third, after: Instance(3), in: &files)
        #expect(try files.size(of: "layer-0000000000000003") == 62 + 13 + 17)
    }
}
