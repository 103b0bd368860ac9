// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes
import Testing

/// Random operations on a disk that loses power, against a naive model.
@Suite("A log against a model")
struct LogModelTests {
    private struct Run {
        let seed: UInt64
        var random: SeededRandom
        var records: Records
        var files: SimulatedDirectory
        var model = LogModel()
        var log: LogWriter?
        var salt: UInt64 = 0

        init(seed: UInt64) {
            self.seed = seed
            random = SeededRandom(seed: seed)
            records = Records(seed: seed)
            files = SimulatedDirectory(random: random.fork())
        }

        /// Opens it, now and then on a disk that dies meanwhile.
        mutating func open() throws {
            log = nil
            while true {
                if random.chance(permille: 150) { files.faults.operationsLeft = random.below(25) }
                salt += 1
                do {
                    let rig = try LogRig(&files, salt: salt)
                    try #require(!rig.log.isDamaged, "seed \(seed): \(rig.log.recovery.findings)")
                    let complaint = model.reopened(rig.delivered)
                    try #require(complaint == nil, "seed \(seed): \(complaint ?? "")")
                    log = rig.log
                    return
                } catch is LogError {
                    files.faults.syncErrorPermille = 0
                    files.faults.capacityBytes = nil
                    files.crash()
                }
            }
        }

        mutating func step() throws {
            guard var log else { return }
            var (isOver, wasAppending) = (false, false)
            do throws(LogError) {
                switch random.below(100) {
                case 0..<45:
                    wasAppending = true
                    try append(&log)
                case 45..<70:
                    try log.sync(&files)
                    model.synced()
                case 70..<78:
                    try log.seal(&files)
                    model.synced()
                case 78..<84:
                    model.covered = max(model.covered, records.instance - random.below(4))
                    log.drop(through: model.covered)
                case 84..<88: files.faults.operationsLeft = random.below(12)
                case 88..<91: files.faults.syncErrorPermille = random.pick([0, 300])
                case 91..<94: files.faults.capacityBytes = random.pick([nil, files.usedBytes + random.below(600)])
                case 94..<96: try startOver(&log)
                case 96..<98: isOver = true
                default:
                    files.crash()
                    isOver = true
                }
            } catch {
                // A seal that failed may have synced what was before it.
                let unsynced = Int(log.appended.rawValue - log.durable.rawValue)
                if unsynced == 0, !wasAppending { model.synced() }
                let isRescued = try recover(&log)
                isOver = !isRescued
            }
            if isOver { return try open() }
            self.log = log
            let counted = log.appended.rawValue - log.durable.rawValue
            #expect(log.needsRescue || Int(counted) == model.history.count - model.durable, "seed \(seed)")
        }

        private mutating func append(_ log: inout LogWriter) throws(LogError) {
            let some: [LogRecord]
            do { some = try records.next(random.number(in: 1...3)) } catch { preconditionFailure("\(error)") }
            model.append(some)
            try log.append(some, to: &files)
        }

        private mutating func startOver(_ log: inout LogWriter) throws(LogError) {
            guard random.chance(permille: 300) else { return }
            let fresh = [LogRecord.incarnation(random.next())]
            model.alternative = fresh
            try log.startOver(with: fresh, in: &files)
            model.startedOver(with: fresh)
        }

        /// Something failed: nothing more is taken until the log is rescued, which may fail too. Says whether it was.
        private mutating func recover(_ log: inout LogWriter) throws -> Bool {
            for _ in 0..<random.below(4) {
                if random.chance(permille: 500) {
                    files.faults.syncErrorPermille = 0
                    files.faults.capacityBytes = nil
                }
                do throws(LogError) {
                    try log.rescue(&files)
                    model.rescued()
                    return true
                } catch {
                    #expect(log.needsRescue)
                }
                var copy = log
                var other = files
                #expect(throws: LogError.needsRescue) { try copy.append([.incarnation(1)], to: &other) }
            }
            if random.chance(permille: 700) { files.crash() } else { files.faults.operationsLeft = nil }
            return false
        }
    }

    @Test(
        "Whatever happens, what was durable is there, in order, and nothing that never was",
        arguments: 0..<20 as Range<UInt64>)
    func random(part: UInt64) throws {
        for seed in part * 100..<part * 100 + 100 {
            var run = Run(seed: seed)
            run.files.faults.tornPermille = run.random.pick([0, 300])
            try run.open()
            for _ in 0..<40 { try run.step() }
            run.files.crash()
            try run.open()
        }
    }

    /// Writes some, on a disk that may lie about it and lose power; damages some of what it holds.
    private static func liedTo(seed: UInt64) throws -> (files: SimulatedDirectory, model: LogModel) {
        var random = SeededRandom(seed: seed)
        var (records, model) = (Records(seed: seed), LogModel())
        var files = SimulatedDirectory(random: random.fork())
        var log = try LogRig(&files).log
        for _ in 0..<random.number(in: 1...30) {
            files.faults.lostPermille = random.pick([0, 0, 100])
            files.faults.misdirectedPermille = random.pick([0, 0, 100])
            files.faults.corruptedPermille = random.pick([0, 0, 100])
            let some = try records.next(random.number(in: 1...3))
            model.append(some)
            try log.append(some, to: &files)
            if random.chance(permille: 700) { try log.sync(&files) }
            if random.chance(permille: 100) { try log.seal(&files) }
            model.covered = records.instance - 5
            log.drop(through: model.covered)
        }
        let (pieces, faults) = (random.below(4), DiskFaults())
        files.faults = faults
        if random.chance(permille: 500) { files.crash() }
        for _ in 0..<pieces {
            let names = try LogRig.segments(&files)
            let name = random.pick(names)
            let size = try files.size(of: name)
            if size > 0 { try files.corrupt(name, at: random.below(size), mask: UInt8(random.number(in: 1...255))) }
        }
        return (files, model)
    }

    @Test("Whatever a disk does: a log that is not said to be damaged has no gap, and no record that was not written")
    func lies() throws {
        var (damaged, clean) = (0, 0)
        for seed in 1...600 as ClosedRange<UInt64> {
            var (files, model) = try Self.liedTo(seed: seed)
            let rig = try LogRig(&files, salt: 2)
            if rig.log.isDamaged {
                damaged += 1
                #expect(rig.delivered.allSatisfy { record in model.history.contains(record) }, "seed \(seed)")
                continue
            }
            clean += 1
            let complaint = model.reopened(rig.delivered)
            #expect(complaint == nil, "seed \(seed): \(complaint ?? "")")
            // Again the same, or what it comes to.
            let again = try LogRig(&files, salt: 3)
            #expect(!again.log.isDamaged && model.reopened(again.delivered) == nil, "seed \(seed)")
            #expect(model.history.last == rig.delivered.last)
        }
        #expect(damaged > 100 && clean > 100)
    }
}
