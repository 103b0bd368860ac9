// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// A file of a `VolatileDirectory` of which something was not synced.
struct VolatileFile: Sendable {
    /// What a disk writes at once, or not at all. In bytes.
    static let sectorBytes = 512

    /// A sector as it is read; the file's last one may be shorter.
    struct Sector: Sendable {
        let number: Int
        let bytes: Bytes
    }

    /// What name changes know it by.
    let number: Int
    /// What it is called; nil once it was removed.
    var name: String?
    /// What it is called in the directory below.
    var place: String
    /// As it is read, in bytes.
    private(set) var size: Int
    /// What the directory below has not got yet.
    private var sectors: [Int: Bytes] = [:]
    /// Which sectors each write since the last sync was to.
    private var writes: [Range<Int>] = []

    init(number: Int, name: String, place: String, size: Int) {
        self.number = number
        self.name = name
        self.place = place
        self.size = size
    }

    var isClean: Bool { sectors.isEmpty }

    /// What stands in a sector here instead of below.
    func sector(_ number: Int) -> Bytes? { sectors[number] }

    /// Which sectors so many bytes from an offset on lie in.
    static func sectors(from offset: Int, count: Int) -> Range<Int> {
        offset / sectorBytes..<(offset + count + sectorBytes - 1) / sectorBytes
    }

    mutating func noteWrite(of count: Int, at offset: Int) {
        writes.append(Self.sectors(from: offset, count: count))
        size = max(size, offset + count)
    }

    mutating func put(_ bytes: Bytes, in number: Int) { sectors[number] = bytes }

    /// Those that the directory below has not got, in order.
    var pending: [Sector] {
        sectors.keys.sorted().compactMap { number in sectors[number].map { Sector(number: number, bytes: $0) } }
    }

    /// The directory below has them now.
    mutating func clean(_ numbers: Range<Int>) {
        for number in numbers { sectors[number] = nil }
        writes.removeAll { written in written.allSatisfy { sectors[$0] == nil } }
    }

    /// Nobody will see it any more.
    mutating func forget() {
        sectors = [:]
        writes = []
    }

    /// What would be gone if the power went now.
    var loss: VolatileLoss {
        var loss = VolatileLoss()
        loss.bytes = sectors.count * Self.sectorBytes
        loss.writes = writes.count
        loss.torn = writes.count { written in written.contains { sectors[$0] == nil } }
        return loss
    }
}
