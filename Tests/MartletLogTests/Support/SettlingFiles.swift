// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletSimulation
import MartletTypes

/// Files to read that are others once their names have been asked for twice: before and after, as a look begins and ends.
struct SettlingFiles: FileStore {
    var before: SimulatedDirectory
    var after: SimulatedDirectory
    private(set) var looks = 0

    init(before: SimulatedDirectory, after: SimulatedDirectory) {
        self.before = before
        self.after = after
    }

    mutating func names() throws(FileError) -> [String] {
        looks += 1
        return looks <= 2 ? try before.names() : try after.names()
    }

    mutating func size(of name: String) throws(FileError) -> Int {
        looks <= 2 ? try before.size(of: name) : try after.size(of: name)
    }

    mutating func read(_ name: String, at offset: Int, count: Int) throws(FileError) -> Bytes {
        looks <= 2
            ? try before.read(name, at: offset, count: count) : try after.read(name, at: offset, count: count)
    }

    // MARK: - Not for readers

    mutating func create(_ name: String) throws(FileError) { throw Self.refusal(name) }
    mutating func write(_ bytes: Bytes, to name: String, at offset: Int) throws(FileError) { throw Self.refusal(name) }
    mutating func sync(_ name: String) throws(FileError) { throw Self.refusal(name) }
    mutating func rename(_ name: String, to newName: String) throws(FileError) { throw Self.refusal(name) }
    mutating func remove(_ name: String) throws(FileError) { throw Self.refusal(name) }
    mutating func syncNames() throws(FileError) { throw Self.refusal("names") }

    private static func refusal(_ name: String) -> FileError { .writeFailed(file: name, reason: "it is only read") }
}
