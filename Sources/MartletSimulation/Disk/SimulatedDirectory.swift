// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletLog
package import MartletTypes

/// A directory in memory that misbehaves as its faults say, by a seed. Time is counted, not spent.
package struct SimulatedDirectory: FileStore, Sendable {
    package var faults: DiskFaults
    package private(set) var counts = DiskFaultCounts()
    /// Which one the power was gone in first; nil while there is power.
    private(set) var interrupted: (operation: Operation, file: String)?
    /// How long all operations have taken.
    package private(set) var busy = Interval.zero
    /// How many there were.
    package private(set) var operations = 0
    private var random: SeededRandom
    private var directory = SimulatedNames()
    /// Those that have names, or may have them again after a crash; by ascending number.
    private var files: [NumberedFile] = []
    private var filesMade = 0

    enum Operation {
        case size, read, write, sync, names, create, rename, remove, syncNames
    }

    private struct NumberedFile {
        /// What a name stands for.
        let number: Int
        var content = SimulatedFile()
    }

    package init(faults: DiskFaults = DiskFaults(), random: SeededRandom) {
        self.faults = faults
        self.random = random
    }

    /// In all files that have names.
    package var usedBytes: Int {
        files.reduce(0) { $0 + (directory.isVisible($1.number) ? $1.content.visible.count : 0) }
    }

    // MARK: - Bytes

    package mutating func size(of name: String) throws(FileError) -> Int {
        let file = try file(name)
        try begin(.size, name, FileError.readFailed)
        return files[file].content.visible.count
    }

    package mutating func read(_ name: String, at offset: Int, count: Int) throws(FileError) -> Bytes {
        let file = try file(name)
        try begin(.read, name, FileError.readFailed)
        if strikes(faults.readErrorPermille, \.readErrors) {
            throw .readFailed(file: name, reason: "a simulated fault")
        }
        let content = files[file].content.visible
        return Bytes(content[min(offset, content.count)..<min(offset + count, content.count)])
    }

    package mutating func write(_ bytes: Bytes, to name: String, at offset: Int) throws(FileError) {
        let file = try file(name)
        do {
            try begin(.write, name, FileError.writeFailed)
        } catch {
            // The power may go in the midst of it.
            files[file].content.write(Bytes(bytes[..<random.below(bytes.count + 1)]), at: offset)
            throw error
        }
        let fitting = fittingBytes(of: bytes.count, at: offset, in: file)
        store(bytes[..<fitting], in: file, at: offset)
        guard fitting == bytes.count else {
            counts.full += 1
            throw .noSpace(file: name)
        }
    }

    private mutating func store(_ bytes: ArraySlice<UInt8>, in file: Int, at offset: Int) {
        if strikes(faults.lostPermille, \.lost) { return }
        var target = offset
        let places = files[file].content.visible.count - bytes.count
        if places > 0, strikes(faults.misdirectedPermille, \.misdirected) {
            // Anywhere but where it belongs.
            target = random.below(places)
            if target >= offset { target += 1 }
        }
        var stored = Bytes(bytes)
        if !stored.isEmpty, strikes(faults.corruptedPermille, \.corrupted) {
            stored[random.below(stored.count)] ^= 1 << UInt8(random.below(8))
        }
        files[file].content.write(stored, at: target)
    }

    private func fittingBytes(of count: Int, at offset: Int, in file: Int) -> Int {
        guard let capacity = faults.capacityBytes else { return count }
        let free = max(0, capacity - usedBytes)
        return max(0, min(count, files[file].content.visible.count + free - offset))
    }

    package mutating func sync(_ name: String) throws(FileError) {
        let file = try file(name)
        try begin(.sync, name, FileError.syncFailed)
        if strikes(faults.syncErrorPermille, \.syncErrors) {
            files[file].content.forgetPending()
            throw .syncFailed(file: name, reason: "a simulated fault")
        }
        files[file].content.sync()
    }

    // MARK: - Names

    package mutating func names() throws(FileError) -> [String] {
        try begin(.names, "the directory", FileError.readFailed)
        return directory.visible.map(\.name)
    }

    package mutating func create(_ name: String) throws(FileError) {
        guard directory.file(of: name) == nil else { throw .alreadyExists(file: name) }
        try begin(.create, name, FileError.writeFailed)
        if let capacity = faults.capacityBytes, usedBytes >= capacity {
            counts.full += 1
            throw .noSpace(file: name)
        }
        filesMade += 1
        files.append(NumberedFile(number: filesMade))
        directory.change(removing: nil, adding: .init(name: name, file: filesMade))
    }

    package mutating func rename(_ name: String, to newName: String) throws(FileError) {
        let file = try file(name)
        guard directory.file(of: newName) == nil else { throw .alreadyExists(file: newName) }
        try begin(.rename, name, FileError.writeFailed)
        directory.change(removing: name, adding: .init(name: newName, file: files[file].number))
    }

    package mutating func replace(_ name: String, with draft: String) throws(FileError) {
        let file = try file(draft)
        try begin(.rename, draft, FileError.writeFailed)
        directory.change(removing: draft, adding: .init(name: name, file: files[file].number))
    }

    package mutating func remove(_ name: String) throws(FileError) {
        _ = try file(name)
        try begin(.remove, name, FileError.writeFailed)
        directory.change(removing: name, adding: nil)
    }

    package mutating func syncNames() throws(FileError) {
        try begin(.syncNames, "the directory", FileError.syncFailed)
        if strikes(faults.syncErrorPermille, \.syncErrors) {
            // Names go through the file system's journal: they are not durable now, but the next sync is about them, too.
            throw .syncFailed(file: "the directory", reason: "a simulated fault")
        }
        directory.sync()
        forgetNameless()
    }

    // MARK: - Trouble

    /// The power goes. Each piece of a write that was not synced, and each change of names, is there afterwards or not;
    /// now and then all of them are, or none. Faults stay as they are, but there is power again.
    package mutating func crash() {
        let bias = random.pick([0, 500, 500, 500, 1_000])
        let torn = faults.tornPermille
        for place in files.indices {
            files[place].content.crash { count in
                if torn > 0, random.chance(permille: torn) {
                    counts.torn += 1
                    return .torn(random.below(count + 1))
                }
                return random.chance(permille: bias) ? .kept : .lost
            }
        }
        let nameBias = random.pick([0, 500, 1_000])
        // As a journal does it: in order, up to some change; or any of them.
        let isInOrder = random.chance(permille: 500)
        var isOver = false
        directory.crash {
            let isKept = random.chance(permille: nameBias) && !(isInOrder && isOver)
            if !isKept { isOver = true }
            return isKept
        }
        faults.operationsLeft = nil
        interrupted = nil
        forgetNameless()
    }

    /// Flips bits of a byte at rest.
    package mutating func corrupt(_ name: String, at offset: Int, mask: UInt8 = 1) throws(FileError) {
        files[try file(name)].content.corrupt(at: offset, by: mask)
    }

    /// All files go, for good.
    package mutating func removeAll() {
        directory = SimulatedNames()
        files = []
    }

    // MARK: - Helpers

    /// Its place.
    private func file(_ name: String) throws(FileError) -> Int {
        let number = directory.file(of: name)
        guard let place = files.firstIndex(where: { $0.number == number }) else { throw .notFound(file: name) }
        return place
    }

    /// No name stands for them any more, nor will after a crash.
    private mutating func forgetNameless() { files.removeAll { !directory.isVisible($0.number) } }

    /// One operation more, if there is power.
    private mutating func begin(
        _ operation: Operation, _ name: String, _ failure: (_ file: String, _ reason: String) -> FileError
    ) throws(FileError) {
        if let left = faults.operationsLeft {
            guard left > 0 else {
                interrupted = interrupted ?? (operation, name)
                throw failure(name, "the power is gone")
            }
            faults.operationsLeft = left - 1
        }
        operations += 1
        busy = busy + faults.latency
        if strikes(faults.slowPermille, \.slow) { busy = busy + random.interval(upTo: faults.slowExtra) }
    }

    private mutating func strikes(_ permille: Int, _ count: WritableKeyPath<DiskFaultCounts, Int>) -> Bool {
        guard permille > 0, random.chance(permille: permille) else { return false }
        counts[keyPath: count] += 1
        return true
    }
}
