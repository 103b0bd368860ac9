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
    /// Header and state.
    private static let snapshot = """
        4d415254534e500a 00000001 0000000000000001 0000000000000002 0000000000000003 0000000000000007 0002
        0000000000000080 0000000000000003 0000000000000002 0000000000000003 0000000000000015 0000000000000003
        f130f21e 37951be0 010203
        """

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

    @Test("A snapshot: its header, then the state")
    func snapshot() throws {
        let (instance, digest) = (Instance(128), Records.digest(3))
        let name = SnapshotFiles.name(instance)
        var files = LogRig.files()
        var entries = try SnapshotFiles(in: &files, LogRig.identity)
        _ = try entries.keep([1, 2, 3], after: instance, digest, in: &files)
        #expect(try files.names() == ["snapshot-0000000000000080"])
        #expect(Self.text(try LogRig.content(name, &files)) == Self.text(Self.bytes(Self.snapshot)))
        var old = LogRig.files()
        try old.create(name)
        try old.write(Self.bytes(Self.snapshot), to: name, at: 0)
        var found = try SnapshotFiles(in: &old, LogRig.identity)
        #expect(try found.state(after: instance, digest, in: &old) == [1, 2, 3])
    }
}
