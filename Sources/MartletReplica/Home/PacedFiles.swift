// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog
import MartletTypes

/// Files to read slowly, from the disk itself.
struct PacedFiles: FileStore, ~Copyable {
    private var files: FileDirectory
    private let pace: ScrubPace

    init(_ files: consuming FileDirectory, _ pace: ScrubPace) {
        self.files = files
        self.pace = pace
    }

    mutating func names() throws(FileError) -> [String] { try files.names() }

    mutating func size(of name: String) throws(FileError) -> Int {
        let size = try files.size(of: name)
        files.forgetCached(name)
        return size
    }

    mutating func read(_ name: String, at offset: Int, count: Int) throws(FileError) -> Bytes {
        guard !pace.isStopped else { throw .readFailed(file: name, reason: "the replica is stopping") }
        let bytes = try files.read(name, at: offset, count: count)
        pace.note(bytes.count)
        return bytes
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
