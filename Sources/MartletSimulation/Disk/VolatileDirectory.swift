// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletLog
package import MartletTypes

/// A directory that keeps whatever was not synced in the memory of this process, over one that has the rest: killing the process
/// (`kill -9`) then does to its files what a loss of power does to a machine's. Without it a killed process loses nothing, as what
/// it wrote stays in the system's cache.
///
/// **Model.** At any instant the directory below holds what a cut would leave: all that was synced, and of the rest whatever was
/// let through, as drawn by the seed.
/// - Writes: each sector of 512 bytes, as it then is, for itself; so a write may be torn at the bounds of sectors, and a later one
///   may be there without an earlier one. A file that has grown may have any length between, with zeros in its gaps.
/// - Names: each creation, renaming and removal is done or not, in any order but that of those about one file or name.
/// - Something may go through at any write or change of names. A sync takes its time, in the midst of which some has gone through
///   and the rest has not: so cuts often find one half done.
///
/// **Limits.** Sectors are whole: no disk that tears within one, none that lies, fails or forgets (`SimulatedDirectory` does). What
/// the directory below was given must outlive the process: this is about killed processes, not about machines. What does not go
/// through a `FileStore` is not kept back.
package struct VolatileDirectory<Base: FileStore & ~Copyable>: FileStore, ~Copyable {
    /// How true syncs are.
    package enum Honesty: Sendable {
        case honest
        /// After a while nothing is done most of the time, and now and then all: what is lost is the end of everything, and nothing
        /// shows it. No group can bear that; it is for tests of tests.
        case lying
    }

    /// How many syncs of a lying one are true when it is opened for the first time.
    private static var trueSyncs: Int { 20 }

    /// What a file is called below that has no name yet as far as is durable.
    static var unnamedPrefix: String { "unnamed-" }

    /// What a cut would leave now.
    package var base: Base
    /// What was lost when the last process that had this directory ended; to within what it was just doing.
    package private(set) var loss = VolatileLoss()
    var random: SeededRandom
    private let honesty: Honesty
    private let wait: @Sendable (Interval) -> Void
    /// Those of which something is not synced.
    var files: [VolatileFile] = []
    var changes = VolatileNames()
    private var filesMade = 0
    private var syncs = 0
    private var noted = VolatileLoss()
    /// How often the directory was opened, with this time.
    private var openings = 0

    /// Opens it alone. A seed does the same again only where the same is asked for.
    ///
    /// - Parameter wait: how a sync takes longer than the directory below does.
    package init(
        over base: consuming Base, seed: UInt64, _ honesty: Honesty = .honest,
        wait: @escaping @Sendable (Interval) -> Void = { _ in }
    ) throws(FileError) {
        self.base = base
        self.honesty = honesty
        self.wait = wait
        random = SeededRandom(seed: seed)
        for name in try self.base.names() where name.hasPrefix(Self.unnamedPrefix) { try self.base.remove(name) }
        let ledger = try VolatileLedger(in: &self.base)
        loss = ledger.loss
        openings = ledger.openings + 1
        random = SeededRandom(seed: seed &+ UInt64(openings) &* 0x9E37_79B9_7F4A_7C15)
        try note(always: true)
    }

    // MARK: - Bytes

    package mutating func size(of name: String) throws(FileError) -> Int {
        if let file = place(of: name) { return files[file].size }
        return try base.size(of: try below(name))
    }

    package mutating func read(_ name: String, at offset: Int, count: Int) throws(FileError) -> Bytes {
        guard let place = place(of: name) else { return try base.read(try below(name), at: offset, count: count) }
        let file = files[place]
        let end = min(offset + count, file.size)
        guard offset < end else { return [] }
        var bytes = try base.read(file.place, at: offset, count: end - offset)
        bytes.append(contentsOf: repeatElement(0, count: end - offset - bytes.count))
        for number in VolatileFile.sectors(from: offset, count: end - offset) {
            guard let sector = file.sector(number) else { continue }
            let start = number * VolatileFile.sectorBytes
            let (from, to) = (max(offset, start), min(end, start + sector.count))
            guard from < to else { continue }
            bytes.replaceSubrange(from - offset..<to - offset, with: sector[from - start..<to - start])
        }
        return bytes
    }

    package mutating func write(_ bytes: Bytes, to name: String, at offset: Int) throws(FileError) {
        let file = try touched(name)
        guard !bytes.isEmpty else { return }
        for number in VolatileFile.sectors(from: offset, count: bytes.count) {
            let start = number * VolatileFile.sectorBytes
            let end = min(offset + bytes.count, start + VolatileFile.sectorBytes)
            let first = max(offset, start)
            var sector: Bytes = []
            // What is written over wholly need not be read.
            if first > start || end < min(start + VolatileFile.sectorBytes, files[file].size) {
                sector = try read(name, at: start, count: VolatileFile.sectorBytes)
            }
            sector.append(contentsOf: repeatElement(0, count: max(0, end - start - sector.count)))
            sector.replaceSubrange(first - start..<end - start, with: bytes[first - offset..<end - offset])
            files[file].put(sector, in: number)
        }
        files[file].noteWrite(of: bytes.count, at: offset)
        try note()
        try letSomeThrough()
    }

    package mutating func sync(_ name: String) throws(FileError) {
        guard honesty == .honest else { return try lie() }
        guard let file = place(of: name) else { return try base.sync(try below(name)) }
        try letSomeThrough(of: file, random.pick([0, 0, 500, 900]))
        try base.sync(files[file].place)
        takeTime()
        let rest = files[file].pending
        if !rest.isEmpty {
            try letThrough(rest, of: file)
            try base.sync(files[file].place)
        }
        dropClean()
        try note()
    }

    // MARK: - Names

    package mutating func names() throws(FileError) -> [String] {
        var all: [String] = []
        for name in try base.names() where !isHidden(name) { all.append(name) }
        return (all + files.compactMap(\.name)).sorted()
    }

    package mutating func create(_ name: String) throws(FileError) {
        if try exists(name) { throw .alreadyExists(file: name) }
        filesMade += 1
        let unnamed = Self.unnamedPrefix + "\(filesMade)"
        try base.create(unnamed)
        files.append(VolatileFile(number: filesMade, name: name, place: unnamed, size: 0))
        try change(files.count - 1, from: nil, to: name)
    }

    package mutating func rename(_ name: String, to newName: String) throws(FileError) {
        let file = try touched(name)
        if try exists(newName) { throw .alreadyExists(file: newName) }
        files[file].name = newName
        try change(file, from: name, to: newName)
    }

    package mutating func remove(_ name: String) throws(FileError) {
        let file = try touched(name)
        files[file].name = nil
        files[file].forget()
        try change(file, from: name, to: nil)
    }

    package mutating func syncNames() throws(FileError) {
        guard honesty == .honest else { return try lie() }
        try letSomeNamesThrough(random.pick([0, 0, 500, 900]))
        try base.syncNames()
        takeTime()
        if try letAllNamesThrough() { try base.syncNames() }
        dropClean()
        try note()
    }

    private mutating func change(_ file: Int, from old: String?, to new: String?) throws(FileError) {
        changes.append(.init(file: files[file].number, old: old, new: new))
        try note()
        try letSomeThrough()
    }

    // MARK: - Helpers

    private func place(of name: String) -> Int? { files.firstIndex { $0.name == name } }

    /// The name, where what lies there below is called so here, too.
    private func below(_ name: String) throws(FileError) -> String {
        if isHidden(name) { throw .notFound(file: name) }
        return name
    }

    /// Whether what is called so below is this directory's own, or is called something else here.
    private func isHidden(_ name: String) -> Bool {
        name == VolatileLedger.name || name.hasPrefix(Self.unnamedPrefix) || files.contains { $0.place == name }
    }

    private mutating func exists(_ name: String) throws(FileError) -> Bool {
        do {
            _ = try size(of: name)
            return true
        } catch .notFound {
            return false
        }
    }

    /// The file's place among those of which something is not synced.
    private mutating func touched(_ name: String) throws(FileError) -> Int {
        if let file = place(of: name) { return file }
        let size = try base.size(of: try below(name))
        filesMade += 1
        files.append(VolatileFile(number: filesMade, name: name, place: name, size: size))
        return files.count - 1
    }

    /// Mostly little.
    private mutating func takeTime() {
        wait(
            random.interval(
                upTo: random.pick([.microseconds(200), .milliseconds(3), .milliseconds(3), .milliseconds(12)])))
    }

    private mutating func letSomeThrough() throws(FileError) {
        guard honesty == .honest, random.chance(permille: 300) else { return }
        for file in files.indices { try letSomeThrough(of: file, random.pick([100, 500, 900])) }
        try letSomeNamesThrough(random.pick([100, 500, 900]))
        dropClean()
        try note()
    }

    /// Nothing, or all there is.
    private mutating func lie() throws(FileError) {
        syncs += 1
        guard openings == 1 && syncs <= Self.trueSyncs || random.chance(permille: 30) else { return }
        for file in files.indices { try letThrough(files[file].pending, of: file) }
        _ = try letAllNamesThrough()
        dropClean()
        try note()
    }

    private mutating func dropClean() { files.removeAll { $0.isClean && !changes.concern($0.number) } }

    /// Says what would be lost now, for whoever opens the directory next.
    private mutating func note(always: Bool = false) throws(FileError) {
        var loss = VolatileLoss()
        for file in files { loss += file.loss }
        loss.names = changes.pending.count
        guard always || loss != noted else { return }
        noted = loss
        try VolatileLedger(openings: openings, loss: loss).write(to: &base)
    }
}

extension VolatileDirectory: Sendable where Base: Sendable & ~Copyable {}
