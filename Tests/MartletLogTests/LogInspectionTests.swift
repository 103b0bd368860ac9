// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes
import Testing

@Suite("Inspection of a log")
struct LogInspectionTests {
    @Test("Says what is there, of a log that is being written, and changes nothing")
    func live() throws {
        var files = LogRig.files()
        var log = try LogRig(&files).log
        let empty = try LogInspection(of: &files)
        #expect(empty.segments.count == 1 && empty.segments[0].frames == nil && empty.findings.isEmpty)
        for number in 1...20 as ClosedRange<UInt64> {
            try log.append([Records.vote(number, number), Records.stable(number)], to: &files)
            try log.sync(&files)
        }
        try log.seal(&files)
        let before = files.usedBytes
        let inspection = try LogInspection(of: &files)
        #expect(inspection.segments.count > 3 && inspection.findings.isEmpty && files.usedBytes == before)
        #expect(inspection.segments.reduce(0) { $0 + $1.records.wrote } == 20)
        #expect(inspection.segments.reduce(0) { $0 + $1.records.total } == 40)
        #expect(inspection.segments.reduce(0) { $0 + $1.restated } == inspection.segments.count - 1)
        #expect(inspection.segments.last?.seals == 1)
        #expect(inspection.segments.first?.instances?.lowerBound == Instance(1))
        #expect(inspection.segments.last?.instances?.upperBound == Instance(20))
        #expect(inspection.segments.allSatisfy { $0.identity == LogRig.identity })
        #expect(inspection.segments.first?.frames?.lowerBound == FrameNumber(1))
        try log.append([Records.vote(21)], to: &files)
        #expect(try LogInspection(of: &files).findings.isEmpty)
        #expect(try LogRig(&files, salt: 2).delivered.count == 41)
    }

    @Test("Says what is damaged, and of whom it is")
    func damaged() throws {
        var files = LogRig.files()
        var log = try LogRig(&files).log
        for number in 1...20 as ClosedRange<UInt64> {
            try log.append([Records.vote(number, number)], to: &files)
            try log.sync(&files)
        }
        let name = try LogRig.segments(&files)[1]
        try files.corrupt(name, at: 30)
        let inspection = try LogInspection(of: &files)
        #expect(inspection.isDamaged && inspection.segments[1].identity == nil)
        #expect(inspection.segments[2].frames != nil)
        #expect("\(inspection.findings[0])".contains(name))
    }

    @Test("What looks damaged only while it is being written is looked at again")
    func settling() throws {
        var files = LogRig.files()
        var log = try LogRig(&files).log
        for number in 1...20 as ClosedRange<UInt64> {
            try log.append([Records.vote(number)], to: &files)
            try log.sync(&files)
        }
        var torn = files
        let name = try LogRig.segments(&files)[1]
        try torn.corrupt(name, at: 150)
        #expect(try LogInspection(of: &torn).isDamaged)
        var settling = SettlingFiles(before: torn, after: files)
        #expect(try LogInspection(of: &settling).findings.isEmpty)
        settling = SettlingFiles(before: torn, after: torn)
        #expect(try LogInspection(of: &settling).isDamaged && settling.looks == 4)
    }

    @Test("Tells of checkpoints and instances, and what lies beside the log")
    func told() throws {
        var files = LogRig.files()
        var log = try LogRig(&files).log
        try log.append([Records.vote(4), Records.vote(2), Records.stable(3), Records.vote(4, 1)], to: &files)
        try log.sync(&files)
        let inspection = try LogInspection(of: &files)
        #expect(inspection.instances == [Instance(2), Instance(4)] && inspection.abandoned.isEmpty)
        #expect(inspection.stable.map(\.instance) == [Instance(3)] && inspection.stable[0].digest == Records.digest(3))
        try log.startOver(with: [Records.vote(9)], in: &files)
        let anew = try LogInspection(of: &files)
        #expect(anew.instances == [Instance(9)] && anew.stable.isEmpty)
        #expect(anew.abandoned == ["abandoned-0000000000000001"])
    }

    @Test("Names a segment of a newer format")
    func newer() throws {
        var files = LogRig.files()
        _ = try LogRig(&files)
        let name = "log-0000000000000001"
        var header = Bytes(try LogRig.content(name, &files)[..<96])
        header[11] = 9
        let checksum = CRC32C.checksum(Bytes(header[..<92]))
        for place in 0..<4 { header[92 + place] = UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * place)) }
        try files.write(header, to: name, at: 0)
        let inspection = try LogInspection(of: &files)
        let expected = LogDamage(file: name, offset: 0, missing: nil, fault: .unknownFormat(version: 9))
        #expect(inspection.findings == [.damage(expected)])
    }
}
