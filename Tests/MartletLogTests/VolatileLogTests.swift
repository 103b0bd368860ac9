// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes
import Testing

/// Against other directories, and under a log.
@Suite("A log whose process may be killed")
struct VolatileLogTests {
    private typealias Volatile = VolatileDirectory<SimulatedDirectory>

    private static func below() -> SimulatedDirectory { SimulatedDirectory(random: SeededRandom(seed: 1)) }

    @Test("Readers and callers see what they would see in a directory that loses nothing", arguments: 1...40)
    func twin(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var files = try Volatile(over: Self.below(), seed: seed)
        var twin = Self.below()
        let names = ["a", "b", "c", "d"]
        for _ in 0..<300 {
            let (name, other, offset) = (random.pick(names), random.pick(names), random.below(3_000))
            let bytes = Bytes(repeating: UInt8(random.below(256)), count: random.below(1_500))
            let step = random.below(8)
            func act(_ store: inout (some FileStore & ~Copyable)) -> String {
                do throws(FileError) {
                    switch step {
                    case 0: try store.create(name)
                    case 1: try store.rename(name, to: other)
                    case 2: try store.remove(name)
                    case 3: try store.sync(name)
                    case 4: try store.syncNames()
                    case 5:
                        return "\(try store.read(name, at: offset, count: bytes.count)) of \(try store.size(of: name))"
                    default: try store.write(bytes, to: name, at: offset)
                    }
                    return "\(try store.names().filter { $0 != "lock" })"
                } catch {
                    return "\(error)"
                }
            }
            #expect(act(&files) == act(&twin), "seed \(seed)")
        }
    }

    @Test("A log that is cut off after each single operation: what was durable is there", arguments: 1...6)
    func log(seed: UInt64) throws {
        var left = 0
        while true {
            var files = try Volatile(over: Self.below(), seed: seed &* 1_000 &+ UInt64(left))
            var log = try LogRig(&files).log
            files.base.faults.operationsLeft = left
            var script = LogScript()
            script.run(&log, &files) { $0.base.faults.syncErrorPermille = $1 ? 1_000 : 0 }
            var below = files.base
            below.faults = DiskFaults()
            try Self.check(below, script.model, "seed \(seed), \(left) operations")
            if script.isOver { break }
            left += 3
        }
        #expect(left > 100)
    }

    private static func check(_ below: SimulatedDirectory, _ model: LogModel, _ context: String) throws {
        var model = model
        var files = try Volatile(over: below, seed: 2)
        let rig = try LogRig(&files, salt: 2)
        #expect(!rig.log.isDamaged, "\(context): \(rig.log.recovery.findings)")
        let complaint = model.reopened(rig.delivered)
        #expect(complaint == nil, "\(context): \(complaint ?? "")")
        // Again, and cut off meanwhile.
        files = try Volatile(over: files.base, seed: 3)
        files.base.faults.operationsLeft = 9
        do { _ = try LogRig(&files, salt: 3) } catch LogError.file { files.base.faults.operationsLeft = nil }
        files.base.faults.operationsLeft = nil
        files = try Volatile(over: files.base, seed: 4)
        let second = try LogRig(&files, salt: 4)
        #expect(second.delivered == rig.delivered && !second.log.isDamaged, "\(context), again")
    }

    /// A scrub reads the directory below: it shows what a cut would leave, at no moment damage.
    @Test("What is not synced does not look like damage to whoever reads below", arguments: 1...20)
    func scrub(seed: UInt64) throws {
        var files = try Volatile(over: Self.below(), seed: seed)
        var log = try LogRig(&files).log
        for round in 1...40 as ClosedRange<UInt64> {
            try log.append([Records.vote(round)], to: &files)
            #expect(try Self.damages(below: files.base).isEmpty, "seed \(seed), round \(round)")
            if round % 3 != 0 { try log.sync(&files) }
            if round % 7 == 0 { try log.seal(&files) }
            if round > 5 { log.drop(through: Instance(round - 5)) }
            #expect(try Self.damages(below: files.base).isEmpty, "seed \(seed), round \(round)")
        }
        try log.sync(&files)
        let sealed = try #require(try LogRig.segments(&files.base).dropLast().last)
        try files.base.corrupt(sealed, at: 200)
        #expect(try Self.damages(below: files.base).contains { $0.file == sealed })
    }

    private static func damages(below base: SimulatedDirectory) throws -> [LogDamage] {
        var copy = base
        return try LogScrub.damages(in: &copy)
    }

    @Test("What syncs of a lying one loses is the end of everything, and nothing shows it")
    func lies() throws {
        var lost = 0
        for seed in 1...100 as ClosedRange<UInt64> {
            var files = try Volatile(over: Self.below(), seed: seed, .lying)
            var rig = try LogRig(&files)
            let records = (1...60).map { Records.vote($0) }
            for record in records {
                try rig.log.append([record], to: &files)
                try rig.log.sync(&files)
            }
            var next = try Volatile(over: files.base, seed: seed)
            rig = try LogRig(&next, salt: 2)
            #expect(!rig.log.isDamaged && rig.delivered == Array(records.prefix(rig.delivered.count)))
            if rig.delivered.count < records.count { lost += 1 }
        }
        #expect(lost > 50)
    }
}
