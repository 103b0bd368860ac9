// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes
import Testing

/// What is kept, and when it goes.
@Suite struct SnapshotFilesTests {
    private func open(_ files: inout SimulatedDirectory) throws -> SnapshotFiles {
        try SnapshotFiles(in: &files, LogRig.identity)
    }

    private func layers(_ files: inout SimulatedDirectory) throws -> [String] {
        try files.names().filter { $0.hasPrefix("layer-") }
    }

    private func read(
        _ snapshots: inout SnapshotFiles, _ instance: UInt64, _ digest: Digest, _ files: inout SimulatedDirectory
    ) throws -> HashedCheckpoint? {
        try snapshots.checkpoint(
            after: Instance(instance), digest, in: &files, hashed: SampleCheckpoint.hashed)
    }

    @Test func nothingOlderGoesBeforeTheNewerIsStableAndKept() throws {
        var files = LogRig.files()
        var snapshots = try open(&files)
        let (first, second) = (SampleCheckpoint.of([[1]]), SampleCheckpoint.of([[2]]))
        _ = try snapshots.keep(first, after: Instance(8), in: &files)
        #expect(snapshots.note(stable: SampleCheckpoint.certificate(8, first), in: &files) == Instance(8))
        // The others were faster.
        #expect(snapshots.note(stable: SampleCheckpoint.certificate(16, second), in: &files) == nil)
        #expect(snapshots.holds(Instance(8), first.digest))
        #expect(try snapshots.keep(second, after: Instance(16), in: &files) == Instance(16))
        #expect(!snapshots.holds(Instance(8), first.digest))
        #expect(try files.names() == ["layer-0000000000000002", SnapshotNames.snapshot(Instance(16))])
    }

    /// A file whose header is whole was counted on, though what follows was damaged: nothing was written in its place, and the
    /// log went.
    @Test func whatEarlierRunsLeftCountsOnlyWhenItWasReadWholeOrIsWrittenAnew() throws {
        var files = LogRig.files()
        let checkpoint = SampleCheckpoint.of([[1, 2], [3, 4]])
        var before = try open(&files)
        _ = try before.keep(checkpoint, after: Instance(8), in: &files)
        let layer = try #require(try layers(&files).first)
        try files.corrupt(layer, at: try files.size(of: layer) - 1)
        var snapshots = try open(&files)
        #expect(try read(&snapshots, 8, checkpoint.digest, &files) == nil)
        let certificate = SampleCheckpoint.certificate(8, checkpoint)
        #expect(snapshots.note(stable: certificate, in: &files) == nil)
        #expect(try snapshots.keep(checkpoint, after: Instance(8), in: &files) == Instance(8))
        var after = try open(&files)
        #expect(try read(&after, 8, checkpoint.digest, &files) == checkpoint)
        #expect(after.note(stable: certificate, in: &files) == Instance(8))
    }

    /// A replica that was ended between a rename and the sync of the names found its snapshot, and let the log go; then the power
    /// went, and the name with it.
    @Test func whatIsFoundIsMadeDurableBeforeAnythingRestsOnIt() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            var files = LogRig.files(seed)
            let checkpoint = SampleCheckpoint.of([[1, 2], [3, 4]])
            var before = try open(&files)
            let start = files.operations
            var twin = files
            var twins = before
            _ = try twins.keep(checkpoint, after: Instance(8), in: &twin)
            // All but the last sync of names.
            files.faults.operationsLeft = twin.operations - start - 1
            #expect(throws: FileError.self) { _ = try before.keep(checkpoint, after: Instance(8), in: &files) }
            files.faults.operationsLeft = nil
            var snapshots = try open(&files)
            #expect(try read(&snapshots, 8, checkpoint.digest, &files) == checkpoint)
            #expect(snapshots.note(stable: SampleCheckpoint.certificate(8, checkpoint), in: &files) == Instance(8))
            files.crash()
            var after = try open(&files)
            #expect(try read(&after, 8, checkpoint.digest, &files) == checkpoint)
        }
    }

    @Test func aNewCheckpointWritesOnlyTheChunksThatNoLayerHolds() throws {
        var files = LogRig.files()
        var snapshots = try open(&files)
        let first = SampleCheckpoint.versions([0, 0, 0, 0, 0])
        let second = SampleCheckpoint.versions([0, 0, 1, 0, 0])
        _ = try snapshots.keep(first, after: Instance(8), in: &files)
        _ = try snapshots.keep(second, after: Instance(16), in: &files)
        let sizes = try layers(&files).map { try files.size(of: $0) }
        #expect(sizes == [62 + 5 * 13 + 10, 62 + 15])
        #expect(try read(&snapshots, 8, first.digest, &files) == first)
        #expect(try read(&snapshots, 16, second.digest, &files) == second)
        #expect(snapshots.manifest(after: Instance(16), second.digest) == second.manifest)
        #expect(
            try snapshots.chunk(2, after: Instance(16), second.digest, in: &files) == second.contents.chunks[2])
        #expect(try snapshots.chunk(5, after: Instance(16), second.digest, in: &files) == nil)
        // Nothing is new: there is no layer without chunks.
        _ = try snapshots.keep(second, after: Instance(24), in: &files)
        #expect(try layers(&files).count == 2)
    }

    @Test func equalChunksOfACheckpointAreWrittenOnce() throws {
        var files = LogRig.files()
        var snapshots = try open(&files)
        let checkpoint = SampleCheckpoint.of([[1], [2, 2], [1], [2, 2], [3]])
        _ = try snapshots.keep(checkpoint, after: Instance(8), in: &files)
        #expect(try files.size(of: "layer-0000000000000001") == 62 + 4)
        #expect(try read(&snapshots, 8, checkpoint.digest, &files) == checkpoint)
    }

    /// A layer that an earlier run left may be damaged: nothing new refers to it before it was read.
    @Test func chunksThatWereNotReadAreWrittenAgain() throws {
        var files = LogRig.files()
        var before = try open(&files)
        let first = SampleCheckpoint.versions([0, 0, 0])
        _ = try before.keep(first, after: Instance(8), in: &files)
        try files.corrupt("layer-0000000000000001", at: 70)
        var snapshots = try open(&files)
        let second = SampleCheckpoint.versions([0, 0, 1])
        _ = try snapshots.keep(second, after: Instance(16), in: &files)
        #expect(try files.size(of: "layer-0000000000000002") == 62 + 3 * 13 + 3)
        var after = try open(&files)
        #expect(try read(&after, 16, second.digest, &files) == second)
    }

    @Test func whatCouldNotBeKeptLeavesNoDraftAndIsKeptLater() throws {
        var files = LogRig.files()
        var snapshots = try open(&files)
        let checkpoint = SampleCheckpoint.versions(Array(repeating: 0, count: 20), unit: 100)
        for capacity in stride(from: 0, to: 2_300, by: 97) {
            files.faults.capacityBytes = capacity
            #expect(throws: FileError.self) { _ = try snapshots.keep(checkpoint, after: Instance(8), in: &files) }
            #expect(try files.names().allSatisfy { !$0.hasSuffix("draft") })
            #expect(!snapshots.holds(Instance(8), checkpoint.digest))
        }
        files.faults.capacityBytes = nil
        _ = try snapshots.keep(checkpoint, after: Instance(8), in: &files)
        #expect(snapshots.note(stable: SampleCheckpoint.certificate(8, checkpoint), in: &files) == Instance(8))
        #expect(try files.names().count == 2)
        #expect(try read(&snapshots, 8, checkpoint.digest, &files) == checkpoint)
    }

    @Test func theFormatBeforeIsRefusedByNameAndNothingIsTouched() throws {
        var files = LogRig.files()
        var snapshots = try open(&files)
        _ = try snapshots.keep(SampleCheckpoint.of([[1]]), after: Instance(8), in: &files)
        let name = SnapshotNames.snapshot(Instance(128))
        try files.create(name)
        try files.write(FormatTests.firstSnapshot, to: name, at: 0)
        try files.create("layer-draft")
        let before = try files.names()
        #expect(throws: LogError.unknownFormat(file: name, version: 1)) { _ = try open(&files) }
        #expect(try files.names() == before)
    }

    // MARK: - What is refused

    private static let sample = SampleCheckpoint.of([[1, 2], [3, 4]])

    private func kept(as identity: LogIdentity = LogRig.identity) throws -> SimulatedDirectory {
        var files = LogRig.files()
        var before = try SnapshotFiles(in: &files, identity)
        _ = try before.keep(Self.sample, after: Instance(8), in: &files)
        try files.create("snapshot-draft")
        return files
    }

    /// It was passed over, and the replica took itself for one that had lost what it had said.
    @Test func anothersAreRefusedByName() throws {
        let other = LogIdentity(group: LogRig.identity.group, replica: ReplicaID(3))
        var files = try kept(as: other)
        #expect(
            throws: LogError.otherOwner(
                file: SnapshotNames.snapshot(Instance(8)), found: other, expected: LogRig.identity)
        ) { try SnapshotFiles(in: &files, LogRig.identity) }
        #expect(try files.names().contains("snapshot-draft"), "nothing is touched")
    }

    @Test func whatANewerProgramHasWrittenIsRefusedByName() throws {
        var files = try kept()
        let name = SnapshotNames.snapshot(Instance(8))
        var header = try files.read(name, at: 0, count: 114)
        header[11] = 3
        let checksum = CRC32C.checksum(Bytes(header.dropLast(4)))
        for place in 0..<4 { header[110 + place] = UInt8(truncatingIfNeeded: checksum >> (24 - 8 * UInt32(place))) }
        try files.write(header, to: name, at: 0)
        #expect(throws: LogError.unknownFormat(file: name, version: 3)) {
            try SnapshotFiles(in: &files, LogRig.identity)
        }
        #expect(try files.names().contains("snapshot-draft"), "nothing is touched")
    }

    /// A bit of it has flipped: that is no newer format.
    @Test func aDamagedHeaderIsDamage() throws {
        for offset in [11, 20, 60, 100] {
            var files = try kept()
            try files.corrupt(SnapshotNames.snapshot(Instance(8)), at: offset)
            let snapshots = try SnapshotFiles(in: &files, LogRig.identity)
            #expect(!snapshots.holds(Instance(8), Self.sample.digest))
            let names = try files.names()
            #expect(names.contains(SnapshotNames.snapshot(Instance(8))) && !names.contains("snapshot-draft"))
        }
    }

    @Test func whatCannotBeReadNowIsNotTakenForDamage() throws {
        var files = try kept()
        files.faults.readErrorPermille = 1_000
        #expect(throws: LogError.self) { try SnapshotFiles(in: &files, LogRig.identity) }
        files.faults.readErrorPermille = 0
        var snapshots = try SnapshotFiles(in: &files, LogRig.identity)
        files.faults.readErrorPermille = 1_000
        #expect(throws: FileError.self) { try read(&snapshots, 8, Self.sample.digest, &files) }
        files.faults.readErrorPermille = 0
        #expect(try read(&snapshots, 8, Self.sample.digest, &files) == Self.sample)
    }
}
