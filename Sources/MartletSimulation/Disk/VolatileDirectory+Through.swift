// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletTypes

/// Letting things through to the directory below.
extension VolatileDirectory where Base: ~Copyable {
    /// Each sector for itself, so many of a thousand.
    mutating func letSomeThrough(of file: Int, _ permille: Int) throws(FileError) {
        guard permille > 0 else { return }
        var some: [VolatileFile.Sector] = []
        for sector in files[file].pending where random.chance(permille: permille) { some.append(sector) }
        try letThrough(some, of: file)
    }

    /// `sectors`: ascending. Neighbours go together.
    mutating func letThrough(_ sectors: [VolatileFile.Sector], of file: Int) throws(FileError) {
        var start = 0
        while start < sectors.count {
            var (end, bytes) = (start, Bytes())
            while end < sectors.count, sectors[end].number == sectors[start].number + end - start,
                bytes.count == (end - start) * VolatileFile.sectorBytes
            {
                bytes += sectors[end].bytes
                end += 1
            }
            let first = sectors[start].number
            try base.write(bytes, to: files[file].place, at: first * VolatileFile.sectorBytes)
            files[file].clean(first..<first + end - start)
            start = end
        }
    }

    /// Each change for itself, so many of a thousand, where no earlier one must be done before.
    mutating func letSomeNamesThrough(_ permille: Int) throws(FileError) {
        while !changes.pending.isEmpty, random.chance(permille: permille) {
            try letThrough(changes.remove(at: random.pick(changes.free)))
        }
    }

    /// Returns whether there were any.
    mutating func letAllNamesThrough() throws(FileError) -> Bool {
        guard !changes.pending.isEmpty else { return false }
        while !changes.pending.isEmpty { try letThrough(changes.remove(at: 0)) }
        return true
    }

    private mutating func letThrough(_ change: VolatileNames.Change) throws(FileError) {
        guard let file = files.firstIndex(where: { $0.number == change.file }) else { return }
        if let name = change.new {
            try base.rename(files[file].place, to: name)
            files[file].place = name
        } else {
            try base.remove(files[file].place)
            files.remove(at: file)
        }
    }
}
