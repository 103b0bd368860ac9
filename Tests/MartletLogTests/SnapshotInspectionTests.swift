// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes
import Testing

@Suite("Inspection of snapshots")
struct SnapshotInspectionTests {
    private static let name = SnapshotNames.snapshot(Instance(9))
    private static let layer = "layer-0000000000000001"
    private static let headerBytes = 114
    private static let layerHeaderBytes = 62
    private static let checkpoint = SampleCheckpoint.of([[7, 7, 7], [8, 8], [9]])

    private static func files() throws -> SimulatedDirectory {
        var files = LogRig.files()
        var entries = try SnapshotFiles(in: &files, LogRig.identity)
        _ = try entries.keep(checkpoint, after: Instance(9), in: &files)
        return files
    }

    private static func inspect(_ files: inout SimulatedDirectory) throws -> SnapshotInspection {
        try SnapshotInspection(of: &files, hashing: SampleCheckpoint.hashing)
    }

    private static func fault(_ files: inout SimulatedDirectory) throws -> SnapshotFault? {
        try inspect(&files).snapshots.first?.fault
    }

    /// What remains of the file, and more.
    private static func cut(_ name: String, to count: Int) throws -> SimulatedDirectory {
        var source = try files()
        var files = LogRig.files()
        for each in [name, name == layer ? self.name : layer] {
            let bytes = try LogRig.content(each, &source)
            try files.create(each)
            try files.write(each == name ? Bytes((bytes + [1]).prefix(count)) : bytes, to: each, at: 0)
        }
        return files
    }

    @Test("Says what is there and leaves a draft where it is")
    func whole() throws {
        var files = try Self.files()
        try files.create("layer-draft")
        try files.create("snapshot-9")
        let inspection = try Self.inspect(&files)
        #expect(inspection.hasDraft && inspection.snapshots.count == 1)
        let snapshot = try #require(inspection.snapshots.first)
        #expect(snapshot.isWhole && snapshot.file == Self.name && snapshot.instance == Instance(9))
        #expect(snapshot.identity == LogRig.identity && snapshot.fileBytes == Self.headerBytes + 3 * 56)
        #expect(snapshot.digest == Self.checkpoint.digest && snapshot.chunks == 3 && snapshot.stateBytes == 6)
        let layer = try #require(inspection.layers.first)
        #expect(inspection.layers.count == 1 && layer.file == Self.layer && layer.fault == nil)
        #expect(layer.fileBytes == Self.layerHeaderBytes + 6 && layer.neededBytes == 6 && layer.chunks == 3)
        #expect(try files.names() == [Self.name, "snapshot-9", "layer-draft", Self.layer].sorted())
    }

    @Test("Finds a bit of a manifest that is flipped at any place, and never takes it for another format")
    func flips() throws {
        for offset in 0..<Self.headerBytes + 3 * 56 {
            for mask in [1, 2, 128] as [UInt8] {
                var files = try Self.files()
                try files.corrupt(Self.name, at: offset, mask: mask)
                let expected: SnapshotFault =
                    offset < 8 ? .noHeader : offset < Self.headerBytes ? .headerChecksum : .listChecksum
                #expect(try Self.fault(&files) == expected, "at \(offset)")
                #expect(try SnapshotFiles(in: &files, LogRig.identity).entries.isEmpty)
            }
        }
    }

    @Test("Finds a bit of a layer that is flipped at any place, and says which chunk it is of")
    func flipsInLayer() throws {
        for offset in 0..<Self.layerHeaderBytes + 6 {
            var files = try Self.files()
            try files.corrupt(Self.layer, at: offset)
            let inspection = try Self.inspect(&files)
            let layer = try #require(inspection.layers.first)
            guard offset >= Self.layerHeaderBytes else {
                #expect(layer.fault == (offset < 8 ? .noHeader : .headerChecksum), "at \(offset)")
                continue
            }
            let start = Self.layerHeaderBytes + (offset < 65 ? 0 : offset < 67 ? 3 : 5)
            #expect(layer.damages.map(\.offset) == [start] && layer.damages.map(\.fault) == [.checksum])
            #expect(inspection.snapshots.map(\.damagedChunks) == [1] && !inspection.snapshots[0].isWhole)
        }
    }

    @Test("Finds a manifest that is cut off anywhere, or goes on")
    func cuts() throws {
        let whole = Self.headerBytes + 3 * 56
        for count in 0...whole + 1 where count != whole {
            var files = try Self.cut(Self.name, to: count)
            let expected: SnapshotFault =
                count < Self.headerBytes ? .noHeader : .size(found: count - Self.headerBytes, expected: 3 * 56)
            #expect(try Self.fault(&files) == expected, "\(count) bytes")
        }
    }

    @Test("Finds a layer that is cut off anywhere, and one that is gone")
    func cutsOfLayer() throws {
        for count in 0..<Self.layerHeaderBytes + 6 {
            var files = try Self.cut(Self.layer, to: count)
            let layer = try #require(try Self.inspect(&files).layers.first)
            #expect((layer.fault != nil) == (count < Self.layerHeaderBytes), "\(count) bytes")
            #expect(layer.damages.contains { $0.fault == .cutOff }, "\(count) bytes")
        }
        var files = try Self.files()
        try files.remove(Self.layer)
        let inspection = try Self.inspect(&files)
        #expect(inspection.layers.map(\.fault) == [.missing] && inspection.snapshots.map(\.damagedChunks) == [3])
        var snapshots = try SnapshotFiles(in: &files, LogRig.identity)
        let found = try snapshots.checkpoint(
            after: Instance(9), Self.checkpoint.digest, in: &files, hashed: SampleCheckpoint.hashed)
        #expect(found == nil)
    }

    @Test("Names another format, another instance, another state and a chunk of another content")
    func others() throws {
        var files = try Self.files()
        // Of a later format only the first fields are known, and where the checksum stands.
        let header: Bytes = try files.read(Self.name, at: 0, count: 8) + [0, 0, 0, 3, 0, 0, 0, 24, 1, 2, 3, 4]
        let checksum = CRC32C.checksum(header)
        let tail = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: checksum >> UInt32($0)) }
        try files.write(header + tail, to: Self.name, at: 0)
        #expect(try Self.fault(&files) == .unknownFormat(version: 3))
        #expect(throws: LogError.unknownFormat(file: Self.name, version: 3)) {
            _ = try SnapshotFiles(in: &files, LogRig.identity)
        }
        files = try Self.files()
        try files.rename(Self.name, to: SnapshotNames.snapshot(Instance(10)))
        #expect(try Self.fault(&files) == .otherInstance(Instance(9)))
        files = try Self.files()
        let others = SnapshotHashing(chunk: { _ in .zero }, manifest: { _ in .zero })
        let inspection = try SnapshotInspection(of: &files, hashing: others)
        #expect(inspection.snapshots.map(\.fault) == [.otherDigest(.zero)])
        #expect(inspection.layers.flatMap(\.damages).map(\.fault) == [.otherDigest, .otherDigest, .otherDigest])
    }
}
