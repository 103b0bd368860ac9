// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes
import Testing

/// The power goes after each single operation of a run that does everything a log can do.
@Suite("Crashes of a log")
struct LogCrashTests {
    private static func check(_ files: inout SimulatedDirectory, _ model: LogModel, _ context: String) throws {
        var model = model
        // Recovery itself dies at each operation once.
        var once = files
        let rig = try LogRig(&once, salt: 2)
        #expect(!rig.log.isDamaged, "\(context): \(rig.log.recovery.findings)")
        let complaint = model.reopened(rig.delivered)
        #expect(complaint == nil, "\(context): \(complaint ?? "")")
        let operations = once.operations - files.operations
        for left in stride(from: 0, to: operations, by: 3) {
            var again = files
            again.faults.operationsLeft = left
            // Where only cleaning up is left to do, it goes on without.
            do { _ = try LogRig(&again, salt: 3) } catch LogError.file { again.crash() }
            again.crash()
            let second = try LogRig(&again, salt: 4)
            #expect(second.delivered == rig.delivered && !second.log.isDamaged, "\(context), again after \(left)")
        }
    }

    @Test(
        "At each operation, with whatever of it is done: what was durable is there",
        arguments: 1...8 as ClosedRange<UInt64>)
    func everywhere(seed: UInt64) throws {
        var left = 0
        while true {
            var files = LogRig.files(seed &* 1_000 &+ UInt64(left)) { $0.tornPermille = seed % 2 == 0 ? 300 : 0 }
            var log = try LogRig(&files).log
            files.faults.operationsLeft = left
            var script = LogScript()
            script.run(&log, &files) { $0.faults.syncErrorPermille = $1 ? 1_000 : 0 }
            files.faults.syncErrorPermille = 0
            files.crash()
            try Self.check(&files, script.model, "seed \(seed), \(left) operations")
            if script.isOver { break }
            left += seed % 3 == 0 ? 1 : 2
        }
        #expect(left > 40)
    }

    @Test("No space at any operation, then space again: nothing is lost and appending goes on")
    func noSpace() throws {
        var outcomes = 0
        for capacity in stride(from: 0, to: 6_000, by: 37) {
            var files = LogRig.files(UInt64(capacity))
            var log = try LogRig(&files).log
            files.faults.capacityBytes = files.usedBytes + capacity
            var records: [LogRecord] = []
            for number in 1...60 as ClosedRange<UInt64> {
                let record = Records.vote(number, number)
                do throws(LogError) {
                    try log.append([record], to: &files)
                } catch {
                    outcomes += 1
                    guard case .file(.noSpace) = error else {
                        Issue.record("\(error)")
                        return
                    }
                    #expect(log.needsRescue)
                    do throws(LogError) { try log.rescue(&files) } catch { #expect(log.needsRescue) }
                    files.faults.capacityBytes = nil
                    try log.rescue(&files)
                    #expect(log.appended == log.durable)
                    try log.append([record], to: &files)
                }
                try log.sync(&files)
                records.append(record)
                #expect(log.durable == LogPosition(number))
            }
            files.crash()
            let rig = try LogRig(&files, salt: 2)
            #expect(rig.delivered == records && rig.log.recovery.findings.isEmpty)
        }
        #expect(outcomes > 100)
    }

    @Test("After a failed sync what was not durable is neither trusted nor kept")
    func failedSync() throws {
        var files = LogRig.files()
        var log = try LogRig(&files).log
        try log.append([Records.vote(1)], to: &files)
        try log.sync(&files)
        try log.append([Records.vote(2)], to: &files)
        files.faults.syncErrorPermille = 1_000
        #expect(throws: LogError.file(.syncFailed(file: "log-0000000000000001", reason: "a simulated fault"))) {
            try log.sync(&files)
        }
        #expect(throws: LogError.needsRescue) { try log.append([Records.vote(3)], to: &files) }
        #expect(throws: LogError.needsRescue) { try log.sync(&files) }
        #expect(throws: LogError.self) { try log.rescue(&files) }
        files.faults.syncErrorPermille = 0
        try log.rescue(&files)
        #expect(log.appended == LogPosition(1) && log.durable == LogPosition(1))
        try log.append([Records.vote(3)], to: &files)
        try log.sync(&files)
        files.crash()
        let rig = try LogRig(&files, salt: 2)
        #expect(rig.delivered == [Records.vote(1), Records.vote(3)] && rig.log.recovery.findings.isEmpty)
    }

    @Test(
        "A process that dies after a failed sync leaves records that are read but not durable; they are written again")
    func unprovenTail() throws {
        var files = LogRig.files()
        var log = try LogRig(&files).log
        try log.append([Records.vote(1)], to: &files)
        try log.sync(&files)
        try log.append([Records.vote(2)], to: &files)
        files.faults.syncErrorPermille = 1_000
        #expect(throws: LogError.self) { try log.sync(&files) }
        files.faults.syncErrorPermille = 0
        let rig = try LogRig(&files, salt: 2)
        #expect(rig.delivered == [Records.vote(1), Records.vote(2)])
        files.crash()
        let again = try LogRig(&files, salt: 3)
        #expect(again.delivered == rig.delivered && !again.log.isDamaged)
    }
}
