// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes
import Testing

@Suite("Segments of a log")
struct LogSegmentTests {
    @Test("An empty directory is a new log; what is appended and synced is handed out, once, in order")
    func simple() throws {
        var files = LogRig.files()
        var rig = try LogRig(&files)
        #expect(rig.log.recovery.isNew && rig.delivered.isEmpty)
        var source = Records(seed: 3)
        let records = try source.next(200)
        for (place, record) in records.enumerated() {
            try rig.log.append([record], to: &files)
            if place % 3 == 0 { try rig.log.sync(&files) }
        }
        try rig.log.sync(&files)
        #expect(rig.log.appended == LogPosition(200) && rig.log.durable == LogPosition(200))
        #expect(try LogRig.segments(&files).count > 10)
        for salt in 2...4 as ClosedRange<UInt64> {
            let again = try LogRig(&files, salt: salt)
            #expect(again.delivered == records && again.log.recovery.findings.isEmpty)
            #expect(again.log.recovery.records == 200 && !again.log.recovery.isNew)
            #expect(again.log.recovery.highestInstance == source.instance)
        }
    }

    @Test("One sync for all that is pending, and none where nothing is")
    func syncs() throws {
        var files = LogRig.files()
        var log = try LogRig(&files).log
        try log.append([Records.vote(1)], to: &files)
        try log.append([Records.vote(2), Records.vote(3)], to: &files)
        let before = files.operations
        try log.sync(&files)
        #expect(files.operations == before + 1)
        try log.sync(&files)
        #expect(files.operations == before + 1)
        try log.seal(&files)
        #expect(files.operations == before + 3)
        try log.seal(&files)
        #expect(files.operations == before + 3)
    }

    @Test("What a snapshot covers goes with the next segment; what it does not, and what is said of views, stays")
    func dropping() throws {
        for seed in 1...50 as ClosedRange<UInt64> {
            var files = LogRig.files(seed)
            var log = try LogRig(&files).log
            var source = Records(seed: seed)
            var history: [LogRecord] = []
            for _ in 0..<60 {
                let records = try source.next(4)
                history += records
                try log.append(records, to: &files)
                try log.sync(&files)
                log.drop(through: source.instance - 3)
            }
            let names = try files.names()
            #expect(names.count { $0.hasPrefix("log-") } <= 9 && names.count { $0.hasPrefix("spare-") } <= 2)
            #expect(log.cleaningFailure == nil)
            var model = LogModel()
            model.append(history)
            model.synced()
            model.covered = source.instance - 3
            let delivered = try LogRig(&files, salt: 2).delivered
            #expect(model.reopened(delivered) == nil)
            #expect(delivered.count < history.count)
            var (all, kept) = (LogSummary(), LogSummary())
            all.fold(history)
            kept.fold(delivered)
            #expect(all == kept)
        }
    }

    @Test("Segments that go are written over, and what they held never comes back")
    func recycling() throws {
        var files = LogRig.files()
        var log = try LogRig(&files).log
        var highest = 0
        for number in 1...400 as ClosedRange<UInt64> {
            try log.append([Records.vote(number, number)], to: &files)
            try log.sync(&files)
            log.drop(through: Instance(number))
            highest = max(highest, files.usedBytes)
            guard number % 7 == 0 else { continue }
            var copy = files
            let rig = try LogRig(&copy, salt: number)
            let first = number + 1 - UInt64(rig.delivered.count)
            #expect(rig.delivered == (first...number).map { Records.vote($0, $0) })
            #expect(rig.log.recovery.findings.isEmpty, "\(rig.log.recovery.findings)")
        }
        #expect(highest < 6 * 1_000)
    }

    @Test("A file in the way of a new segment is removed by a rescue, and the log goes on")
    func cleaning() throws {
        var files = LogRig.files()
        var log = try LogRig(&files).log
        try files.create("log-draft")
        // It is not this writer's: the next segment cannot be begun.
        var failures = 0
        for number in 1...30 as ClosedRange<UInt64> {
            do throws(LogError) {
                try log.append([Records.vote(number, number)], to: &files)
                try log.sync(&files)
            } catch {
                failures += 1
                try log.rescue(&files)
                try log.append([Records.vote(number, number)], to: &files)
                try log.sync(&files)
            }
        }
        #expect(failures == 1 && log.durable == LogPosition(30))
    }

    /// A batch of so many entries without bodies, about 116 bytes each.
    private static func batch(_ instance: UInt64, entries: Int) -> LogRecord {
        let key = PublicKey(words: Words32(1, 2, 3, 4))
        let list = (1...UInt64(entries)).map { number in
            let id = RequestID(client: ClientID(key), session: .none, sequence: SequenceNumber(number))
            return BatchEntry(id: id, digest: Records.digest(number))
        }
        let batch = Batch(
            instance: Instance(instance), born: Epoch(view: .genesis, regency: .first), time: .zero, entries: list)
        return .batch(
            Records.digest(instance), BatchBody(batch: batch, bodies: Array(repeating: nil, count: entries)))
    }

    @Test("Records longer than what is read at a time, and small ones around its borders")
    func large() throws {
        var files = LogRig.files()
        var settings = LogSettings()
        settings.segmentBytes = 4 << 20
        var log = try LogRig(&files, settings: settings).log
        let large = (1...4 as ClosedRange<UInt64>).map { Self.batch($0, entries: 12_000) }
        var records: [LogRecord] = []
        for (place, record) in large.enumerated() {
            records.append(record)
            records += (0..<20).map { Records.vote(UInt64(place + 1), UInt64($0)) }
        }
        // About 990 KB of small ones, so that a frame lies over each border.
        records += (0..<9_800).map { Records.vote(9, $0) }
        for start in stride(from: 0, to: records.count, by: 100) {
            try log.append(Array(records[start..<min(start + 100, records.count)]), to: &files)
            try log.sync(&files)
        }
        #expect(try LogRig.segments(&files).count == 2)
        #expect(try LogRig(&files, salt: 2, settings: settings).delivered == records)
        // In the third batch: found, and all that follows it is read.
        try files.corrupt("log-0000000000000001", at: 3_300_000)
        let rig = try LogRig(&files, salt: 3, settings: settings)
        #expect(rig.log.isDamaged && rig.delivered.count == records.count - 1)
    }
}
