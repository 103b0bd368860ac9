// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletTypes

/// What a `VolatileDirectory` writes beside its files about itself: how often it was opened, and what would be lost.
struct VolatileLedger {
    static let name = "unsynced"
    /// So long is the one line that it holds, with blanks behind it: so it is written in one piece.
    private static let bytes = 160

    let openings: Int
    let loss: VolatileLoss

    init(openings: Int, loss: VolatileLoss) {
        self.openings = openings
        self.loss = loss
    }

    /// As the last process left it.
    init(in base: inout (some FileStore & ~Copyable)) throws(FileError) {
        let isThere = try base.names().contains(Self.name)
        if !isThere { try base.create(Self.name) }
        let line = String(decoding: try base.read(Self.name, at: 0, count: Self.bytes), as: UTF8.self)
        let parts = line.split(separator: ":", maxSplits: 1)
        let text = parts.last.map { String($0.reversed().drop { $0 == " " }.reversed()) }
        openings = parts.first.flatMap { Int($0) } ?? 0
        loss = text.flatMap { VolatileLoss($0) } ?? VolatileLoss()
    }

    func write(to base: inout (some FileStore & ~Copyable)) throws(FileError) {
        let line = Bytes("\(openings):\(loss)".utf8)
        let blanks = Bytes(repeating: UInt8(ascii: " "), count: max(0, Self.bytes - line.count))
        try base.write(line + blanks, to: Self.name, at: 0)
    }
}
