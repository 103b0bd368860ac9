// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How a disk misbehaves. Chances are in thousandths.
package struct DiskFaults: Hashable, Sendable {
    /// At a crash: a write that was not synced is cut at a byte.
    package var tornPermille = 0
    /// A sector's write is acknowledged, and synced, but never done.
    package var lostPermille = 0
    /// A write lands on other sectors, and what it was meant for stays as it was.
    package var misdirectedPermille = 0
    /// One bit of a write is stored wrongly.
    package var corruptedPermille = 0
    /// A sync fails; what it was to make durable is lost, though reads still show it until a crash.
    package var syncErrorPermille = 0
    package var readErrorPermille = 0
    /// Writes to sectors from here on find no room; nil for none.
    package var fullFrom: Int?
    /// Every operation takes so long, and now and then longer.
    package var latency = Interval.microseconds(50)
    package var slowPermille = 0
    package var slowExtra = Interval.milliseconds(50)

    package init() {}
}

/// A disk in memory that misbehaves as its faults say, by a seed. Time is counted, not spent.
package struct SimulatedDevice: BlockDevice, Sendable {
    /// How often each fault occurred.
    package struct Counts: Hashable, Sendable {
        package var torn = 0
        package var lost = 0
        package var misdirected = 0
        package var corrupted = 0
        package var syncErrors = 0
        package var readErrors = 0
        package var full = 0
        package var slow = 0
    }

    private struct Write {
        let sector: Int
        let bytes: Bytes
    }

    package let sectorBytes: Int
    package let sectorCount: Int
    package var faults: DiskFaults
    package private(set) var counts = Counts()
    /// How long all operations have taken.
    package private(set) var busy = Interval.zero
    private var random: SeededRandom
    /// What a crash leaves.
    private var durable: [Bytes]
    /// What readers see.
    private var visible: [Bytes]
    /// Since the last sync, in order.
    private var pending: [Write] = []

    package init(sectorBytes: Int = 512, sectorCount: Int, faults: DiskFaults = DiskFaults(), random: SeededRandom) {
        precondition(sectorBytes > 0 && sectorCount > 0)
        self.sectorBytes = sectorBytes
        self.sectorCount = sectorCount
        self.faults = faults
        self.random = random
        durable = Array(repeating: Bytes(repeating: 0, count: sectorBytes), count: sectorCount)
        visible = durable
    }

    // MARK: - Reading and writing

    package mutating func read(sector: Int, count: Int) throws(DeviceError) -> Bytes {
        guard sector >= 0, count >= 0, sector + count <= sectorCount else { throw .outOfBounds }
        takeTime()
        if strikes(faults.readErrorPermille, \.readErrors) { throw .readFailed(sector: sector) }
        return visible[sector..<sector + count].reduce(into: Bytes()) { $0 += $1 }
    }

    package mutating func write(_ bytes: Bytes, sector: Int) throws(DeviceError) {
        precondition(bytes.count % sectorBytes == 0, "whole sectors only")
        let count = bytes.count / sectorBytes
        guard sector >= 0, sector + count <= sectorCount else { throw .outOfBounds }
        takeTime()
        if let full = faults.fullFrom, sector + count > full {
            counts.full += 1
            throw .full
        }
        if strikes(faults.lostPermille, \.lost) { return }
        var target = sector
        if sectorCount > count, strikes(faults.misdirectedPermille, \.misdirected) {
            // Anywhere but where it belongs.
            target = random.below(sectorCount - count)
            if target >= sector { target += 1 }
        }
        var stored = bytes
        if !bytes.isEmpty, strikes(faults.corruptedPermille, \.corrupted) {
            stored[random.below(stored.count)] ^= 1 << UInt8(random.below(8))
        }
        Self.store(stored, at: target, sectorBytes, in: &visible)
        pending.append(Write(sector: target, bytes: stored))
    }

    package mutating func sync() throws(DeviceError) {
        takeTime()
        if strikes(faults.syncErrorPermille, \.syncErrors) {
            pending.removeAll()
            throw .syncFailed
        }
        for write in pending { Self.store(write.bytes, at: write.sector, sectorBytes, in: &durable) }
        pending.removeAll()
    }

    // MARK: - Losing power

    /// Each write that was not synced is kept, lost, or torn at a byte, independently of the others.
    package mutating func crash() {
        for write in pending {
            if faults.tornPermille > 0, random.chance(permille: faults.tornPermille) {
                counts.torn += 1
                tear(write, at: random.below(write.bytes.count + 1))
            } else if random.chance(permille: 500) {
                Self.store(write.bytes, at: write.sector, sectorBytes, in: &durable)
            }
        }
        pending.removeAll()
        visible = durable
    }

    /// The first bytes are new, the others as they were.
    private mutating func tear(_ write: Write, at cut: Int) {
        for place in 0..<cut { durable[write.sector + place / sectorBytes][place % sectorBytes] = write.bytes[place] }
    }

    // MARK: - Helpers

    private static func store(_ bytes: Bytes, at sector: Int, _ sectorBytes: Int, in sectors: inout [Bytes]) {
        for place in 0..<bytes.count / sectorBytes {
            sectors[sector + place] = Bytes(bytes[place * sectorBytes..<(place + 1) * sectorBytes])
        }
    }

    private mutating func strikes(_ permille: Int, _ count: WritableKeyPath<Counts, Int>) -> Bool {
        guard permille > 0, random.chance(permille: permille) else { return false }
        counts[keyPath: count] += 1
        return true
    }

    private mutating func takeTime() {
        busy = busy + faults.latency
        if strikes(faults.slowPermille, \.slow) { busy = busy + random.interval(upTo: faults.slowExtra) }
    }
}
