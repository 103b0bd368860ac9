// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes
import Testing

/// What is kept, and when it goes.
@Suite struct SnapshotFilesTests {
    private func digest(_ number: UInt64) -> Digest { Digest(words: Words32(number, 0, 0, 0)) }

    private func certificate(_ instance: UInt64) -> CheckpointCertificate {
        CheckpointCertificate(view: .genesis, instance: Instance(instance), digest: digest(instance), shares: [])
    }

    @Test func nothingOlderGoesBeforeTheNewerIsStableAndKept() throws {
        var files = LogRig.files()
        var snapshots = try SnapshotFiles(in: &files, LogRig.identity)
        _ = try snapshots.keep([1], after: Instance(8), digest(8), in: &files)
        #expect(snapshots.note(stable: certificate(8), in: &files) == Instance(8))
        // The others were faster.
        #expect(snapshots.note(stable: certificate(16), in: &files) == nil)
        #expect(snapshots.holds(Instance(8), digest(8)))
        #expect(try snapshots.keep([2], after: Instance(16), digest(16), in: &files) == Instance(16))
        #expect(!snapshots.holds(Instance(8), digest(8)))
        #expect(try files.names() == [SnapshotFiles.name(Instance(16))])
    }

    /// A file whose header is whole was counted on, though what follows was damaged: nothing was written in its place, and the
    /// log went.
    @Test func whatEarlierRunsLeftCountsOnlyWhenItWasReadWholeOrIsWrittenAnew() throws {
        var files = LogRig.files()
        var before = try SnapshotFiles(in: &files, LogRig.identity)
        _ = try before.keep([1, 2, 3, 4], after: Instance(8), digest(8), in: &files)
        let size = try files.size(of: SnapshotFiles.name(Instance(8)))
        try files.corrupt(SnapshotFiles.name(Instance(8)), at: size - 1)
        var snapshots = try SnapshotFiles(in: &files, LogRig.identity)
        #expect(try snapshots.state(after: Instance(8), digest(8), in: &files) == nil)
        #expect(snapshots.note(stable: certificate(8), in: &files) == nil)
        #expect(try snapshots.keep([1, 2, 3, 4], after: Instance(8), digest(8), in: &files) == Instance(8))
        var after = try SnapshotFiles(in: &files, LogRig.identity)
        #expect(try after.state(after: Instance(8), digest(8), in: &files) == [1, 2, 3, 4])
        #expect(after.note(stable: certificate(8), in: &files) == Instance(8))
    }

    // MARK: - What is refused

    private func kept(as identity: LogIdentity = LogRig.identity) throws -> SimulatedDirectory {
        var files = LogRig.files()
        var before = try SnapshotFiles(in: &files, identity)
        _ = try before.keep([1, 2, 3, 4], after: Instance(8), digest(8), in: &files)
        try files.create("snapshot-draft")
        return files
    }

    /// It was passed over, and the replica took itself for one that had lost what it had said.
    @Test func anothersAreRefusedByName() throws {
        let other = LogIdentity(group: LogRig.identity.group, replica: ReplicaID(3))
        var files = try kept(as: other)
        #expect(
            throws: LogError.otherOwner(
                file: SnapshotFiles.name(Instance(8)), found: other, expected: LogRig.identity)
        ) { try SnapshotFiles(in: &files, LogRig.identity) }
        #expect(try files.names().contains("snapshot-draft"), "nothing is touched")
    }

    @Test func whatANewerProgramHasWrittenIsRefusedByName() throws {
        var files = try kept()
        let name = SnapshotFiles.name(Instance(8))
        // Version 3, and so another checksum.
        try files.corrupt(name, at: 11, mask: 2)
        try files.corrupt(name, at: 100)
        #expect(throws: LogError.unknownSnapshotFormat(file: name, version: 3)) {
            try SnapshotFiles(in: &files, LogRig.identity)
        }
        #expect(try files.names().contains("snapshot-draft"), "nothing is touched")
    }

    /// A bit of it has flipped: that is no newer format.
    @Test func aDamagedHeaderIsDamage() throws {
        for offset in [11, 20, 60, 100] {
            var files = try kept()
            try files.corrupt(SnapshotFiles.name(Instance(8)), at: offset)
            let snapshots = try SnapshotFiles(in: &files, LogRig.identity)
            #expect(!snapshots.holds(Instance(8), digest(8)))
            #expect(try files.names() == [SnapshotFiles.name(Instance(8))])
        }
    }

    @Test func whatCannotBeReadNowIsNotTakenForDamage() throws {
        var files = try kept()
        files.faults.readErrorPermille = 1_000
        #expect(throws: LogError.self) { try SnapshotFiles(in: &files, LogRig.identity) }
        files.faults.readErrorPermille = 0
        var snapshots = try SnapshotFiles(in: &files, LogRig.identity)
        files.faults.readErrorPermille = 1_000
        #expect(throws: FileError.self) { try snapshots.state(after: Instance(8), digest(8), in: &files) }
        files.faults.readErrorPermille = 0
        #expect(try snapshots.state(after: Instance(8), digest(8), in: &files) == [1, 2, 3, 4])
    }
}
