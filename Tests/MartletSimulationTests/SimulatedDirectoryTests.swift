// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes
import Testing

@Suite("Simulated directory")
struct SimulatedDirectoryTests {
    /// With the file `a` in it, durably.
    private static func directory(
        _ seed: UInt64 = 1, _ change: (inout DiskFaults) -> Void = { _ in }
    ) throws -> SimulatedDirectory {
        var directory = SimulatedDirectory(random: SeededRandom(seed: seed))
        try directory.create("a")
        try directory.syncNames()
        change(&directory.faults)
        return directory
    }

    private static func all(_ directory: inout SimulatedDirectory, _ name: String = "a") throws -> Bytes {
        try directory.read(name, at: 0, count: 1 << 20)
    }

    @Test("What is written is read, and what is synced survives a crash")
    func faultless() throws {
        var directory = try Self.directory()
        try directory.write([7, 8], to: "a", at: 3)
        #expect(try Self.all(&directory) == [0, 0, 0, 7, 8])
        try directory.sync("a")
        directory.crash()
        #expect(try directory.read("a", at: 2, count: 2) == [0, 7] && directory.size(of: "a") == 5)
        #expect(directory.operations == 7 && directory.busy == .microseconds(350))
    }

    @Test("What was not synced is there after a crash or not, each piece for itself")
    func unsynced() throws {
        var outcomes = Set<[UInt8]>()
        for seed in 1...80 as ClosedRange<UInt64> {
            var directory = try Self.directory(seed)
            try directory.write(Bytes(repeating: 0, count: 1_500), to: "a", at: 0)
            try directory.sync("a")
            try directory.write([1], to: "a", at: 0)
            try directory.write(Bytes(repeating: 2, count: 20), to: "a", at: 1_014)
            directory.crash()
            let left = try Self.all(&directory)
            outcomes.insert([left[0], left[1_014], left[1_033]])
        }
        #expect(outcomes.count == 8)
    }

    @Test("A torn write has new bytes up to some byte and old ones from there")
    func torn() throws {
        var cuts = Set<Int>()
        for seed in 1...300 as ClosedRange<UInt64> {
            var directory = try Self.directory(seed) { $0.tornPermille = 1_000 }
            try directory.write(Bytes(repeating: 5, count: 16), to: "a", at: 0)
            try directory.sync("a")
            try directory.write(Bytes(repeating: 9, count: 16), to: "a", at: 0)
            directory.crash()
            let left = try Self.all(&directory)
            let cut = left.firstIndex(of: 5) ?? 16
            #expect(left[..<cut].allSatisfy { $0 == 9 } && left[cut...].allSatisfy { $0 == 5 })
            #expect(directory.counts.torn == 1)
            cuts.insert(cut)
        }
        #expect(cuts == Set(0...16))
    }

    @Test("Names are there after a crash or not until they are synced, and no file has two")
    func names() throws {
        var outcomes = Set<[String]>()
        for seed in 1...200 as ClosedRange<UInt64> {
            var directory = try Self.directory(seed)
            try directory.rename("a", to: "b")
            try directory.rename("b", to: "c")
            try directory.create("d")
            directory.crash()
            outcomes.insert(try directory.names())
        }
        #expect(outcomes == [["a"], ["b"], ["c"], ["a", "d"], ["b", "d"], ["c", "d"]])
        var directory = try Self.directory()
        try directory.remove("a")
        try directory.create("b")
        try directory.syncNames()
        directory.crash()
        #expect(try directory.names() == ["b"])
    }

    @Test("A lost write is acknowledged and synced and was never done; a misdirected one is elsewhere; a bit may flip")
    func disobedient() throws {
        for seed in 1...50 as ClosedRange<UInt64> {
            var directory = try Self.directory(seed)
            try directory.write(Bytes(repeating: 0, count: 64), to: "a", at: 0)
            directory.faults.lostPermille = 1_000
            try directory.write([5], to: "a", at: 4)
            try directory.sync("a")
            #expect(try Self.all(&directory).allSatisfy { $0 == 0 } && directory.counts.lost == 1)
            directory.faults.lostPermille = 0
            directory.faults.misdirectedPermille = 1_000
            try directory.write([5], to: "a", at: 4)
            let content = try Self.all(&directory)
            #expect(content.count { $0 == 5 } == 1 && content[4] == 0 && directory.counts.misdirected == 1)
            directory.faults.misdirectedPermille = 0
            directory.faults.corruptedPermille = 1_000
            try directory.write(Bytes(repeating: 0, count: 64), to: "a", at: 0)
            try directory.sync("a")
            directory.crash()
            #expect(try Self.all(&directory).reduce(0) { $0 + $1.nonzeroBitCount } == 1)
            try directory.corrupt("a", at: 63, mask: 0x80)
            directory.crash()
            #expect(try Self.all(&directory).reduce(0) { $0 + $1.nonzeroBitCount } != 1)
        }
    }

    @Test("After a failed sync readers still see what a crash will take, also when a later sync succeeds")
    func failedSync() throws {
        var directory = try Self.directory { $0.syncErrorPermille = 1_000 }
        try directory.write([5], to: "a", at: 0)
        #expect(throws: FileError.syncFailed(file: "a", reason: "a simulated fault")) { try directory.sync("a") }
        #expect(throws: FileError.self) { try directory.syncNames() }
        #expect(try Self.all(&directory) == [5])
        directory.faults.syncErrorPermille = 0
        try directory.sync("a")
        directory.crash()
        #expect(try Self.all(&directory) == [] && directory.counts.syncErrors == 2)
    }

    @Test("A full disk takes what fits and keeps what it has, until there is space again; errors name the file")
    func fullAndErrors() throws {
        var directory = try Self.directory { $0.capacityBytes = 4 }
        try directory.write([1, 2, 3], to: "a", at: 0)
        #expect(throws: FileError.noSpace(file: "a")) { try directory.write([4, 5, 6], to: "a", at: 3) }
        #expect(throws: FileError.noSpace(file: "b")) { try directory.create("b") }
        try directory.write([9], to: "a", at: 0)
        #expect(try Self.all(&directory) == [9, 2, 3, 4] && directory.counts.full == 2 && directory.usedBytes == 4)
        directory.faults.capacityBytes = nil
        try directory.create("b")
        #expect(throws: FileError.alreadyExists(file: "b")) { try directory.create("b") }
        #expect(throws: FileError.alreadyExists(file: "b")) { try directory.rename("a", to: "b") }
        #expect(throws: FileError.notFound(file: "c")) { try directory.remove("c") }
        directory.faults.readErrorPermille = 1_000
        #expect(throws: FileError.readFailed(file: "a", reason: "a simulated fault")) { try Self.all(&directory) }
    }

    @Test(
        "Without power nothing is done but a part of one write; a slow disk takes longer; the same seed does the same")
    func powerAndTime() throws {
        var directory = try Self.directory { $0.operationsLeft = 1 }
        try directory.write([1], to: "a", at: 0)
        #expect(throws: FileError.writeFailed(file: "a", reason: "the power is gone")) {
            try directory.write([2, 2], to: "a", at: 1)
        }
        #expect(throws: FileError.self) { try directory.sync("a") }
        directory.crash()
        try directory.write([1], to: "a", at: 0)
        directory.faults.slowPermille = 500
        var again = directory
        for step in 0..<100 {
            try directory.write([1], to: "a", at: step)
            try again.write([1], to: "a", at: step)
        }
        #expect(directory.busy == again.busy && directory.busy > .milliseconds(100))
        #expect((30...70).contains(directory.counts.slow))
    }
}
