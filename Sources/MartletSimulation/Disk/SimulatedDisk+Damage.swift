// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletLog
import MartletTypes

/// Damage at rest, and what a running replica does about it.
extension SimulatedDisk {
    /// Flips a bit of a segment that is not the newest and one of a layer or a manifest, where there are any; says where.
    /// (Damage to the newest records may look like a torn tail, which nobody can tell: docs/LOG.md.)
    mutating func damage(_ random: inout SeededRandom) -> [String] {
        var places: [String] = []
        do {
            let segments = try logFiles.names().filter { $0.hasPrefix("log-0") }
            if segments.count > 1 { places.append(try logFiles.flip(random.pick(Array(segments.dropLast())), &random)) }
            let names = try snapshotFiles.names().filter { !$0.hasSuffix("draft") }
            if !names.isEmpty { places.append(try snapshotFiles.flip(random.pick(names), &random)) }
        } catch {
            // Without power nothing can be looked at.
            return places
        }
        if !places.isEmpty { isDamaged = true }
        return places
    }

    /// A directory is emptied while the replica is down, or both are.
    mutating func lose(_ random: inout SeededRandom) -> [String] {
        guard log == nil else { return [] }
        isDamaged = true
        let which = random.below(3)
        if which != 1 { logFiles.removeAll() }
        if which != 0 { snapshotFiles.removeAll() }
        return [["log", "snapshots", "log and snapshots"][which]]
    }

    /// Which snapshots are to be written again.
    mutating func findSnapshotDamage() throws -> [(Instance, Digest)] {
        guard var found = snapshots else { return [] }
        var scrub = SnapshotScrub(of: found)
        while !scrub.isOver { _ = try scrub.step(&found, in: &snapshotFiles) }
        snapshots = found
        return found.damagedEntries.map { ($0.instance, $0.digest) }
    }

    /// Nil where the log is whole.
    mutating func beginLogReplacement() throws -> UInt64? {
        let damages = try LogScrub.damages(in: &logFiles)
        guard let newest = damages.compactMap(\.segment).max() else {
            // From here on nothing may be missing; what an earlier run left is not looked at.
            if let snapshots, snapshots.isAllProven, snapshots.damagedEntries.isEmpty { isDamaged = false }
            return nil
        }
        return try log?.beginReplacement(through: newest, &logFiles)?.rawValue
    }

    /// As a replica's disk does.
    mutating func finishLogReplacement(_ told: LogRewritten) throws -> Bool {
        try log?.finishReplacement(from: SegmentNumber(told.segment), above: told.above, &logFiles) ?? false
    }
}

extension SimulatedDirectory {
    fileprivate mutating func flip(_ name: String, _ random: inout SeededRandom) throws(FileError) -> String {
        let content = try read(name, at: 0, count: try size(of: name))
        // Not in the zeros behind the last frame, which hold nothing.
        let offset = random.below((content.lastIndex { $0 != 0 } ?? 0) + 1)
        try corrupt(name, at: offset, mask: 1 << UInt8(random.below(8)))
        return "\(name) at byte \(offset)"
    }
}
