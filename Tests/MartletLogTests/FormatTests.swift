// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes
import Testing

/// The bytes on the disk, which replicas read that are newer than those that wrote them: whoever changes them gives the format
/// another version.
@Suite("The format on the disk is frozen")
struct FormatTests {
    private static let salt: UInt64 = 0x0123_4567_89AB_CDEF
    private static let records = [LogRecord.incarnation(5), Records.vote(7, 8)]

    /// Header, two records, a seal; no head.
    private static let first = """
        4d4152544c4f470a 00000001 00000060 0000000000000001 0000000000000002 0000000000000003 0000000000000007
        00020000 0000000000000001 0000000000000001 0000000000000000 0000000000000001 0123456789abcdef d68311f9
        a74c4f47 01000000 00000009 157a3807a48faa9d 0000000000000001 0000000000000000 7a2aaaf7 5bd4ee0f
        0100000000000000 05
        a74c4f47 01000000 00000039 157a3807a48faa9d 0000000000000002 0000000000000000 ea995d36 937662e1
        0600000000000000 0100000000000000 0100000000000000 0700000000000000 0800000000000000 0200000000000000
        0300000000000000 38
        a74c4f47 03000000 00000000 157a3807a48faa9d 0000000000000003 0000000000000002 00000000 2e4828e6
        """
    /// Header, and a head that restates one record.
    private static let second = """
        4d4152544c4f470a 00000001 00000060 0000000000000001 0000000000000002 0000000000000003 0000000000000007
        00020000 0000000000000002 0000000000000003 0000000000000003 0000000000000001 0123456789abcdef 848c9f53
        a74c4f47 02000000 00000009 d573529b34a1d093 0000000000000003 0000000000000002 7a2aaaf7 ad6ac81c
        0100000000000000 05
        """
    /// Header and two chunks.
    private static let layer = """
        4d4152544c41590a 00000002 0000003e 0000000000000001 0000000000000002 0000000000000003 0000000000000007 0002
        0000000000000001 e972819b 010203 0405
        """
    /// Header, and the list of three chunks, of which two are the same.
    private static let manifest = """
        4d415254534e500a 00000002 00000072 0000000000000001 0000000000000002 0000000000000003 0000000000000007 0002
        0000000000000080 b93ffbfdff94bceb 0000000000000008 0000000000000007 0000000000000008 00000001 00000003
        0000000000000008 298a0e24 ac1abdfa
        00000000f130f21e 0000000000000003 0000000000000005 0000000000000006
        0000000000000001 000000000000003e 00000003 f130f21e
        000000008a1a0212 0000000000000002 0000000000000005 0000000000000006
        0000000000000001 0000000000000041 00000002 8a1a0212
        00000000f130f21e 0000000000000003 0000000000000005 0000000000000006
        0000000000000001 000000000000003e 00000003 f130f21e
        """
    /// Of version 1: header and state.
    static let firstSnapshot = bytes(
        """
        4d415254534e500a 00000001 0000000000000001 0000000000000002 0000000000000003 0000000000000007 0002
        0000000000000080 0000000000000003 0000000000000002 0000000000000003 0000000000000015 0000000000000003
        f130f21e 37951be0 010203
        """)

    private static func bytes(_ text: String) -> Bytes {
        let digits = text.filter { !$0.isWhitespace }.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    private static func text(_ bytes: Bytes) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test("A segment: its header, records, a seal, and records that are restated")
    func segment() throws {
        var files = LogRig.files()
        var log = try LogRig(&files, salt: Self.salt).log
        try log.append(Self.records, to: &files)
        try log.seal(&files)
        _ = try LogRig(&files, salt: Self.salt)
        let names = try LogRig.segments(&files)
        #expect(names == ["log-0000000000000001", "log-0000000000000002"])
        let contents = try names.map { try LogRig.content($0, &files) }
        let expected = [Self.bytes(Self.first), Self.bytes(Self.second)]
        for (content, expected) in zip(contents, expected) {
            #expect(Self.text(Bytes(content.prefix(expected.count))) == Self.text(expected))
            #expect(content.dropFirst(expected.count).allSatisfy { $0 == 0 })
        }
    }

    @Test("Segments that were written so are read")
    func read() throws {
        var files = LogRig.files()
        for (name, text) in [("log-0000000000000001", Self.first), ("log-0000000000000002", Self.second)] {
            try files.create(name)
            try files.write(Self.bytes(text), to: name, at: 0)
        }
        let inspection = try LogInspection(of: &files)
        #expect(inspection.findings.isEmpty && inspection.segments.map(\.framesRead) == [2, 1])
        #expect(inspection.segments.allSatisfy { $0.identity == LogRig.identity && $0.format == 1 })
        #expect(try LogRig(&files, salt: 2).delivered == Self.records)
    }

    @Test("A snapshot: its manifest, and a layer")
    func snapshot() throws {
        let checkpoint = SampleCheckpoint.of([[1, 2, 3], [4, 5], [1, 2, 3]])
        let (name, layer) = ("snapshot-0000000000000080", "layer-0000000000000001")
        var files = LogRig.files()
        var entries = try SnapshotFiles(in: &files, LogRig.identity)
        _ = try entries.keep(checkpoint, after: Instance(128), in: &files)
        #expect(try files.names() == [layer, name])
        #expect(Self.text(try LogRig.content(layer, &files)) == Self.text(Self.bytes(Self.layer)))
        #expect(Self.text(try LogRig.content(name, &files)) == Self.text(Self.bytes(Self.manifest)))
        var old = LogRig.files()
        for (name, text) in [(layer, Self.layer), (name, Self.manifest)] {
            try old.create(name)
            try old.write(Self.bytes(text), to: name, at: 0)
        }
        var found = try SnapshotFiles(in: &old, LogRig.identity)
        let read = try found.checkpoint(
            after: Instance(128), checkpoint.digest, in: &old, hashed: SampleCheckpoint.hashed)
        #expect(read == checkpoint)
    }
}
