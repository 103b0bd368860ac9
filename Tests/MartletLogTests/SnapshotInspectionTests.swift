// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes
import Testing

@Suite("Inspection of snapshots")
struct SnapshotInspectionTests {
    private static let name = SnapshotFiles.name(Instance(9))
    private static let headerBytes = 102

    /// Stands in for the digest of a state.
    private static func digest(_ state: Bytes) -> Digest { Records.digest(UInt64(CRC32C.checksum(state))) }

    private static func files() throws -> SimulatedDirectory {
        var files = LogRig.files()
        var entries = try SnapshotFiles(in: &files, LogRig.identity)
        let state = Bytes(repeating: 7, count: 50)
        _ = try entries.keep(state, after: Instance(9), digest(state), in: &files)
        return files
    }

    private static func fault(_ files: inout SimulatedDirectory) throws -> SnapshotFault? {
        try SnapshotInspection(of: &files, digest: digest).snapshots.first?.fault
    }

    @Test("Says what is there and leaves a draft where it is")
    func whole() throws {
        var files = try Self.files()
        try files.create("snapshot-draft")
        try files.create("snapshot-9")
        let inspection = try SnapshotInspection(of: &files, digest: Self.digest)
        #expect(inspection.hasDraft && inspection.snapshots.count == 1)
        let snapshot = try #require(inspection.snapshots.first)
        #expect(snapshot.isWhole && snapshot.file == Self.name && snapshot.instance == Instance(9))
        #expect(snapshot.identity == LogRig.identity && snapshot.fileBytes == Self.headerBytes + 50)
        #expect(snapshot.digest == Self.digest(Bytes(repeating: 7, count: 50)))
        #expect(try files.names() == [Self.name, "snapshot-9", "snapshot-draft"].sorted())
    }

    @Test("Finds a bit that is flipped at any place, and never takes it for another format")
    func flips() throws {
        for offset in 0..<Self.headerBytes + 50 {
            var files = try Self.files()
            let byte = try files.read(Self.name, at: offset, count: 1)[0]
            try files.write([byte ^ 2], to: Self.name, at: offset)
            let expected: SnapshotFault =
                offset < 8 ? .noHeader : offset < Self.headerBytes ? .headerChecksum : .stateChecksum
            #expect(try Self.fault(&files) == expected, "at \(offset)")
        }
    }

    @Test("Finds a file that is cut off anywhere, or goes on")
    func cuts() throws {
        var source = try Self.files()
        let bytes = try LogRig.content(Self.name, &source)
        for count in 0...bytes.count + 1 where count != bytes.count {
            var files = LogRig.files()
            try files.create(Self.name)
            try files.write(Bytes((bytes + [1]).prefix(count)), to: Self.name, at: 0)
            let expected: SnapshotFault =
                count < Self.headerBytes ? .noHeader : .size(found: count - Self.headerBytes, expected: 50)
            #expect(try Self.fault(&files) == expected, "\(count) bytes")
        }
    }

    @Test("Names another format, another instance and another state")
    func others() throws {
        var files = try Self.files()
        // Where the checksum stands, and over what, is another format's own matter.
        try files.write([0, 0, 0, 2] + Bytes(repeating: 5, count: 60), to: Self.name, at: 8)
        #expect(try Self.fault(&files) == .unknownFormat(version: 2))
        files = try Self.files()
        try files.rename(Self.name, to: SnapshotFiles.name(Instance(10)))
        #expect(try Self.fault(&files) == .otherInstance(Instance(9)))
        files = try Self.files()
        let inspection = try SnapshotInspection(of: &files) { _ in .zero }
        #expect(inspection.snapshots.map(\.fault) == [.otherDigest(.zero)])
    }
}
