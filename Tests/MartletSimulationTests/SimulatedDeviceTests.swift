// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@Suite("Simulated disk")
struct SimulatedDeviceTests {
    private static func device(_ seed: UInt64 = 1, _ change: (inout DiskFaults) -> Void = { _ in }) -> SimulatedDevice {
        var faults = DiskFaults()
        change(&faults)
        return SimulatedDevice(sectorBytes: 8, sectorCount: 16, faults: faults, random: SeededRandom(seed: seed))
    }

    private static func sector(_ byte: UInt8, count: Int = 1) -> Bytes { Bytes(repeating: byte, count: 8 * count) }

    @Test("What is written is read, and what is synced survives a crash")
    func faultless() throws {
        var device = Self.device()
        try device.write(Self.sector(7, count: 2), sector: 3)
        #expect(try device.read(sector: 3, count: 2) == Self.sector(7, count: 2))
        try device.sync()
        device.crash()
        #expect(try device.read(sector: 2, count: 3) == Self.sector(0) + Self.sector(7, count: 2))
        #expect(device.counts.lost + device.counts.torn == 0 && device.busy == .microseconds(200))
    }

    @Test("What was not synced is there after a crash or not, each write for itself")
    func unsynced() throws {
        var outcomes = Set<[UInt8]>()
        for seed in 1...60 as ClosedRange<UInt64> {
            var device = Self.device(seed)
            try device.write(Self.sector(1), sector: 0)
            try device.write(Self.sector(2), sector: 1)
            device.crash()
            let left = try device.read(sector: 0, count: 2)
            outcomes.insert([left[0], left[8]])
        }
        #expect(outcomes == [[0, 0], [1, 0], [0, 2], [1, 2]])
    }

    @Test("A torn write has new bytes up to some byte and old ones from there")
    func torn() throws {
        var cuts = Set<Int>()
        for seed in 1...400 as ClosedRange<UInt64> {
            var device = Self.device(seed) { $0.tornPermille = 1_000 }
            try device.write(Self.sector(5, count: 2), sector: 0)
            try device.sync()
            try device.write(Self.sector(9, count: 2), sector: 0)
            device.crash()
            let left = try device.read(sector: 0, count: 2)
            let cut = left.firstIndex(of: 5) ?? 16
            #expect(left[..<cut].allSatisfy { $0 == 9 } && left[cut...].allSatisfy { $0 == 5 })
            #expect(device.counts.torn == 1)
            cuts.insert(cut)
        }
        #expect(cuts == Set(0...16))
    }

    @Test("A lost write is acknowledged and synced, and was never done")
    func lost() throws {
        var device = Self.device { $0.lostPermille = 1_000 }
        try device.write(Self.sector(5), sector: 0)
        try device.sync()
        #expect(try device.read(sector: 0, count: 1) == Self.sector(0) && device.counts.lost == 1)
    }

    @Test("A misdirected write is somewhere else, and only there")
    func misdirected() throws {
        for seed in 1...50 as ClosedRange<UInt64> {
            var device = Self.device(seed) { $0.misdirectedPermille = 1_000 }
            try device.write(Self.sector(5), sector: 4)
            let all = try device.read(sector: 0, count: 16)
            #expect(all.count { $0 == 5 } == 8)
            #expect(try device.read(sector: 4, count: 1) == Self.sector(0) && device.counts.misdirected == 1)
        }
    }

    @Test("A corrupted write differs in one bit")
    func corrupted() throws {
        for seed in 1...50 as ClosedRange<UInt64> {
            var device = Self.device(seed) { $0.corruptedPermille = 1_000 }
            try device.write(Self.sector(0), sector: 4)
            try device.sync()
            device.crash()
            let bits = try device.read(sector: 4, count: 1).reduce(0) { $0 + $1.nonzeroBitCount }
            #expect(bits == 1 && device.counts.corrupted == 1)
        }
    }

    @Test("After a failed sync readers still see what a crash will take, also when a later sync succeeds")
    func failedSync() throws {
        var device = Self.device { $0.syncErrorPermille = 1_000 }
        try device.write(Self.sector(5), sector: 0)
        #expect(throws: DeviceError.syncFailed) { try device.sync() }
        #expect(try device.read(sector: 0, count: 1) == Self.sector(5))
        device.faults.syncErrorPermille = 0
        try device.sync()
        device.crash()
        #expect(try device.read(sector: 0, count: 1) == Self.sector(0) && device.counts.syncErrors == 1)
    }

    @Test("A full disk takes nothing more and keeps what it has; failed reads and bounds are told")
    func fullAndErrors() throws {
        var device = Self.device { $0.fullFrom = 4 }
        try device.write(Self.sector(5), sector: 3)
        #expect(throws: DeviceError.full) { try device.write(Self.sector(5, count: 2), sector: 3) }
        #expect(throws: DeviceError.outOfBounds) { try device.write(Self.sector(5), sector: 16) }
        #expect(throws: DeviceError.outOfBounds) { try device.read(sector: -1, count: 1) }
        #expect(try device.read(sector: 3, count: 2) == Self.sector(5) + Self.sector(0) && device.counts.full == 1)
        device.faults.readErrorPermille = 1_000
        #expect(throws: DeviceError.readFailed(sector: 2)) { try device.read(sector: 2, count: 1) }
    }

    @Test("A slow disk takes longer, and the same seed does the same")
    func slow() throws {
        var device = Self.device { $0.slowPermille = 500 }
        var again = device
        for step in 0..<100 as Range<Int> {
            try device.write(Self.sector(1), sector: step % 16)
            try again.write(Self.sector(1), sector: step % 16)
        }
        #expect(device.busy == again.busy && device.busy > .milliseconds(100))
        #expect((30...70).contains(device.counts.slow))
    }
}
