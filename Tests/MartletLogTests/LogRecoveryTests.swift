// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes
import Testing

@Suite("Recovery of a log")
struct LogRecoveryTests {
    private static let headerBytes = 96
    /// Of a vote.
    private static let frameBytes = 44 + 57

    /// Some records that are durable, then some that are not.
    private static func written(
        durable: Int, pending: Int, sealed: Bool = false
    ) throws -> (files: SimulatedDirectory, records: [LogRecord]) {
        var files = LogRig.files()
        var settings = LogRig.settings
        settings.segmentBytes = 1 << 20
        var log = try LogRig(&files, settings: settings).log
        let records = (0..<UInt64(durable + pending)).map { Records.vote($0 + 1, $0) }
        for record in records[..<durable] {
            try log.append([record], to: &files)
            try log.sync(&files)
        }
        if sealed { try log.seal(&files) }
        if pending > 0 { try log.append(Array(records[durable...]), to: &files) }
        return (files, records)
    }

    /// Cuts a segment at a byte, as a crash may, and puts zeros or rubbish behind it.
    private static func cut(_ files: inout SimulatedDirectory, at cut: Int, filler: UInt8) throws {
        let name = try #require(try LogRig.segments(&files).last)
        let content = try LogRig.content(name, &files)
        try files.write(Bytes(repeating: filler, count: content.count - cut), to: name, at: cut)
        try files.sync(name)
    }

    @Test(
        "A write torn at any byte is cut there: what was durable stays, what is whole may",
        arguments: [0, 0xA7] as [UInt8])
    func torn(filler: UInt8) throws {
        let (before, records) = try Self.written(durable: 3, pending: 2)
        var measured = before
        let length = try LogRig.content(try LogRig.segments(&measured)[0], &measured).count
        let (header, frame) = (Self.headerBytes, Self.frameBytes)
        for cut in header + 3 * frame...min(length, header + 5 * frame) {
            var files = before
            try Self.cut(&files, at: cut, filler: filler)
            let rig = try LogRig(&files, salt: 2)
            let whole = (cut - header) / frame
            #expect(rig.delivered == Array(records[..<whole]), "\(cut)")
            #expect(!rig.log.isDamaged)
            let isClean = (filler == 0 && (cut - header) % frame == 0)
            #expect(rig.log.recovery.findings.isEmpty == isClean, "\(cut): \(rig.log.recovery.findings)")
            // The cut is made: nothing is torn any more, and the same is there.
            let again = try LogRig(&files, salt: 3)
            #expect(again.delivered == rig.delivered && again.log.recovery.findings.isEmpty)
        }
    }

    @Test(
        "A bit flipped anywhere is found, or was in nothing that counts; no record is ever changed or left out in silence"
    )
    func flips() throws {
        let (before, records) = try Self.written(durable: 5, pending: 0)
        var measured = before
        let name = try LogRig.segments(&measured)[0]
        let length = try LogRig.content(name, &measured).count
        let (header, frame) = (Self.headerBytes, Self.frameBytes)
        for offset in 0..<length {
            for mask in [1, 0x80] as [UInt8] {
                var files = before
                try files.corrupt(name, at: offset, mask: mask)
                let rig = try LogRig(&files, salt: 2)
                let isInLast = offset >= header + 4 * frame && offset < header + 5 * frame
                let isBehind = offset >= header + 5 * frame
                #expect(rig.log.isDamaged == (!isInLast && !isBehind), "\(offset): \(rig.log.recovery.findings)")
                #expect(isBehind == (rig.delivered == records) || rig.log.isDamaged && rig.delivered == records)
                if isInLast { #expect(rig.delivered == Array(records[..<4])) }
                #expect(rig.delivered.allSatisfy { records.contains($0) })
            }
        }
    }

    @Test("In a log that was sealed, or opened again, damage to the last record is told from a torn tail")
    func sealedFlips() throws {
        let (sealed, records) = try Self.written(durable: 3, pending: 0, sealed: true)
        var reopened = try Self.written(durable: 3, pending: 0).files
        _ = try LogRig(&reopened, salt: 5)
        let (header, frame) = (Self.headerBytes, Self.frameBytes)
        for before in [sealed, reopened] {
            for offset in 0..<header + 3 * frame {
                var files = before
                try files.corrupt("log-0000000000000001", at: offset)
                let rig = try LogRig(&files, salt: 2)
                // A record that is only proven by the head of the next segment is there, too.
                #expect(rig.log.isDamaged || rig.delivered == records, "\(offset)")
            }
        }
    }

    @Test("Damage says which frames are missing, what follows it is still read, and nothing is appended")
    func damage() throws {
        var (files, records) = try Self.written(durable: 5, pending: 0)
        try files.corrupt("log-0000000000000001", at: Self.headerBytes + 2 * Self.frameBytes + 60)
        let before = files
        var rig = try LogRig(&files, salt: 2)
        #expect(rig.delivered == [records[0], records[1], records[3], records[4]])
        let expected = LogDamage(
            file: "log-0000000000000001", offset: 298, missing: FrameNumber(3)...FrameNumber(3), fault: .payloadChecksum
        )
        #expect(rig.log.recovery.findings == [.damage(expected)])
        #expect(throws: LogError.damaged) { try rig.log.append([.incarnation(1)], to: &files) }
        #expect(throws: LogError.damaged) { try rig.log.rescue(&files) }
        #expect(try files.names() == ["log-0000000000000001"] && files.usedBytes == before.usedBytes)
        // What was damaged stays beside the new log.
        try rig.log.startOver(with: [.incarnation(7)], in: &files)
        try rig.log.append([Records.vote(9)], to: &files)
        try rig.log.sync(&files)
        let again = try LogRig(&files, salt: 3)
        #expect(again.delivered == [.incarnation(7), Records.vote(9)] && !again.log.isDamaged)
        #expect(try files.names().first == "abandoned-0000000000000001")
    }

    @Test("A lost segment is damage, be it the oldest or one in the midst")
    func missingSegment() throws {
        var files = LogRig.files()
        var log = try LogRig(&files).log
        for number in 1...40 as ClosedRange<UInt64> {
            try log.append([Records.vote(number, number)], to: &files)
            try log.sync(&files)
        }
        let names = try LogRig.segments(&files)
        #expect(names.count > 4)
        for name in names.dropLast() {
            var fewer = files
            try fewer.remove(name)
            let rig = try LogRig(&fewer, salt: 2)
            #expect(rig.log.isDamaged && rig.delivered.count < 40 && rig.delivered.last == Records.vote(40, 40))
        }
        var emptied = files
        try emptied.write(Bytes(repeating: 0, count: 2_000), to: names[2], at: 0)
        #expect(try LogRig(&emptied, salt: 2).log.isDamaged)
    }

    @Test("A write that was lost or went astray, though synced, is found when a later one says that it was durable")
    func lostWrites() throws {
        for seed in 1...300 as ClosedRange<UInt64> {
            var files = LogRig.files(seed)
            var log = try LogRig(&files).log
            let records = (1...8 as ClosedRange<UInt64>).map { Records.vote($0, $0) }
            for (place, record) in records.enumerated() {
                files.faults.lostPermille = place == 3 && seed % 2 == 0 ? 1_000 : 0
                files.faults.misdirectedPermille = place == 3 && seed % 2 == 1 ? 1_000 : 0
                try log.append([record], to: &files)
                try log.sync(&files)
            }
            let hits = files.counts.lost + files.counts.misdirected
            files.crash()
            let rig = try LogRig(&files, salt: 2)
            #expect(rig.log.isDamaged == (hits > 0), "seed \(seed): \(rig.log.recovery.findings)")
        }
    }

    @Test("Another's log and a newer format are refused with both names, and nothing is touched")
    func refused() throws {
        var (files, _) = try Self.written(durable: 2, pending: 0)
        for other in [
            LogIdentity(group: LogRig.identity.group, replica: ReplicaID(3)),
            LogIdentity(group: Records.digest(5), replica: LogRig.identity.replica),
        ] {
            let error = try #require(throws: LogError.self) {
                _ = try LogWriter.open(in: &files, other, LogRig.settings, salt: 1) { _ in }
            }
            #expect("\(error)".contains("\(other)") && "\(error)".contains("\(LogRig.identity)"))
        }
        var header = Bytes(try LogRig.content("log-0000000000000001", &files)[..<Self.headerBytes])
        header[11] = 2
        let checksum = CRC32C.checksum(Bytes(header[..<92]))
        for place in 0..<4 { header[92 + place] = UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * place)) }
        try files.write(header, to: "log-0000000000000001", at: 0)
        #expect(throws: LogError.unknownFormat(file: "log-0000000000000001", version: 2)) { _ = try LogRig(&files) }
        #expect(try files.names() == ["log-0000000000000001"])
    }

    @Test("Lengths beyond all bounds are no frames")
    func enormous() throws {
        var (files, records) = try Self.written(durable: 2, pending: 0)
        for place in 0..<4 {
            try files.corrupt("log-0000000000000001", at: Self.headerBytes + Self.frameBytes + 8 + place, mask: 0xFF)
        }
        #expect(try LogRig(&files, salt: 2).delivered == [records[0]])
    }

    @Test("A read error is told with the file's name")
    func readError() throws {
        var (files, _) = try Self.written(durable: 2, pending: 0)
        files.faults.readErrorPermille = 1_000
        #expect(throws: LogError.file(.readFailed(file: "log-0000000000000001", reason: "a simulated fault"))) {
            _ = try LogRig(&files)
        }
    }

    @Test("A forged frame in a client's request is none")
    func forged() throws {
        var files = LogRig.files()
        var log = try LogRig(&files, salt: 77).log
        // A whole segment of the same replica with the same numbers, under another salt.
        var other = LogRig.files()
        var forger = try LogRig(&other, salt: 78).log
        for number in 1...6 as ClosedRange<UInt64> {
            try forger.append([Records.vote(number, 99)], to: &other)
            try forger.sync(&other)
        }
        let forged = try LogRig.content("log-0000000000000001", &other)
        try log.append([Records.vote(1)], to: &files)
        try log.sync(&files)
        let name = "log-0000000000000001"
        try files.write(Bytes(forged[197...]), to: name, at: 197)
        let rig = try LogRig(&files, salt: 79)
        #expect(rig.delivered == [Records.vote(1)] && !rig.log.isDamaged)
    }
}
