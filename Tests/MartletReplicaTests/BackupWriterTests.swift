// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletLog
import MartletTypes
import Testing

@testable import MartletReplica

/// A file with a backup's name is a whole one, whatever happens.
@Suite struct BackupWriterTests {
    /// A disk on which so many operations that change anything succeed. Then it is full, or the process is gone.
    private struct EndingFiles: FileStore, ~Copyable {
        var files: FileDirectory
        var operationsLeft: Int
        /// Whoever is gone does not clean up.
        let isKilled: Bool

        private mutating func spend(_ name: String) throws(FileError) {
            operationsLeft -= 1
            if operationsLeft < 0 { throw .noSpace(file: name) }
        }

        mutating func names() throws(FileError) -> [String] { try files.names() }
        mutating func size(of name: String) throws(FileError) -> Int { try files.size(of: name) }
        mutating func read(_ name: String, at offset: Int, count: Int) throws(FileError) -> Bytes {
            try files.read(name, at: offset, count: count)
        }
        mutating func create(_ name: String) throws(FileError) {
            try spend(name)
            try files.create(name)
        }
        mutating func write(_ bytes: Bytes, to name: String, at offset: Int) throws(FileError) {
            if operationsLeft == 0 { try files.write(Bytes(bytes.prefix(bytes.count / 2)), to: name, at: offset) }
            try spend(name)
            try files.write(bytes, to: name, at: offset)
        }
        mutating func sync(_ name: String) throws(FileError) {
            try spend(name)
            try files.sync(name)
        }
        mutating func rename(_ name: String, to newName: String) throws(FileError) {
            try spend(name)
            try files.rename(name, to: newName)
        }
        mutating func remove(_ name: String) throws(FileError) {
            if isKilled, operationsLeft < 0 { throw .writeFailed(file: name, reason: "gone") }
            try files.remove(name)
        }
        mutating func syncNames() throws(FileError) {
            try spend("names")
            try files.syncNames()
        }
    }

    /// More than is written at once.
    private func source() async throws -> (TestGroup, BackupFile) {
        let group = try await TestGroup.withCheckpoint(names: 30, textBytes: 100_000)
        let path = group.directory + "/source"
        _ = try Backup.make(ofHome: group.home(0), genesis: group.genesis, to: path)
        return (group, try BackupFile(path))
    }

    @Test(arguments: [true, false]) func aFullDiskOrAKillInTheMiddleLeavesNoHalfBackup(isKilled: Bool) async throws {
        let (group, source) = try await source()
        let folder = group.directory + "/backups"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var operations = 0
        while true {
            var files = EndingFiles(
                files: try FileDirectory(at: folder, .writingBeside), operationsLeft: operations, isKilled: isKilled)
            do {
                try BackupWriter(folder + "/backup").write(source, in: &files) { _ in }
                break
            } catch {
                #expect("\(error)".contains("there is no space left for"))
                let names = try FileManager.default.contentsOfDirectory(atPath: folder)
                if names.contains("backup") {
                    // The rename was made, and is not known to be durable.
                    #expect(try Backup.verify(folder + "/backup").origin == source.described().origin)
                    try FileManager.default.removeItem(atPath: folder + "/backup")
                } else {
                    #expect(names.count <= 1 && (isKilled || names.isEmpty), "\(names)")
                }
            }
            operations += 1
        }
        // Creating, writing more than once, syncing, renaming, syncing the names.
        #expect(operations >= 6)
        // What one that was killed has left is gone with the next one.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["backup"])
        #expect(try Backup.verify(folder + "/backup", of: group.genesis).chunks == source.header.chunks.count)
        try FileManager.default.removeItem(atPath: group.directory)
    }

    @Test func nothingIsWrittenOverAndOnlyDraftsAreRemoved() async throws {
        let (group, source) = try await source()
        let path = group.directory + "/backup"
        let others = ["/backup.draft-old", "/backup.draft-0123456789abcdeg", "/other.draft-0123456789abcdef"]
        for name in others + ["/backup"] { try Data("mine".utf8).write(to: URL(filePath: group.directory + name)) }
        let writer = BackupWriter(path)
        #expect(throws: BackupError(path, .exists)) { try writer.write(source) { _ in } }
        #expect(throws: BackupError(path, .exists)) {
            try Backup.make(ofHome: group.home(0), genesis: group.genesis, to: path)
        }
        #expect(try Data(contentsOf: URL(filePath: path)) == Data("mine".utf8))
        try FileManager.default.removeItem(atPath: path)
        try writer.write(source) { _ in }
        for name in others { #expect(FileManager.default.fileExists(atPath: group.directory + name)) }
        let nowhere = group.directory + "/none/backup"
        #expect(throws: BackupError.self) { try BackupWriter(nowhere).write(source) { _ in } }
        try FileManager.default.removeItem(atPath: group.directory)
    }

    /// All data of the service is in it.
    @Test func nobodyElseMayReadABackup() async throws {
        let (group, source) = try await source()
        let path = group.directory + "/backup"
        try Backup.copy(source.path, to: path)
        for path in [source.path, path] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
        try FileManager.default.removeItem(atPath: group.directory)
    }

    @Test func whatNobodyCouldReadIsNotWritten() async throws {
        let (group, source) = try await source()
        let header = source.header
        let many = BackupHeader(
            software: header.software, proof: header.proof, imageChunks: 1,
            chunks: Array(repeating: header.chunks[0], count: SnapshotChunks.countMax + 1))
        let error = #expect(throws: BackupError.self) { _ = try many.encodedReadably(at: "x") }
        #expect(error?.reason == .tooLarge("0 views and 1048577 chunks"))
        let isTheSame = try header.encodedReadably(at: "x") == header.encoded()
        #expect(isTheSame)
        try FileManager.default.removeItem(atPath: group.directory)
    }

    /// Another file was put in its place between looking at it and copying it.
    @Test func aBackupThatWasReplacedIsNotCopied() async throws {
        let (group, source) = try await source()
        let (path, copy) = (group.directory + "/backup", group.directory + "/copy")
        let looked = try Backup(at: source.path)
        let later = try group.checkpoint(after: 24, names: 3)
        try group.leave(later, after: 24, group.certificate(of: later, after: 24), in: 1)
        _ = try Backup.make(ofHome: group.home(1), genesis: group.genesis, to: path)
        #expect(throws: BackupError(path, .replaced)) { try Backup.copy(path, to: copy, expecting: looked) }
        #expect(!FileManager.default.fileExists(atPath: copy))
        try Backup.copy(source.path, to: copy, expecting: looked)
        #expect(try Backup.verify(copy) == looked)
        try FileManager.default.removeItem(atPath: group.directory)
    }

    @Test func progressIsToldUpToTheEnd() async throws {
        let (group, source) = try await source()
        var told: [BackupProgress] = []
        try BackupWriter(group.directory + "/backup").write(source) { told.append($0) }
        #expect(told.count == source.header.chunks.count && told.last?.bytesDone == source.header.stateBytes)
        #expect(told.allSatisfy { $0.bytes == source.header.stateBytes })
        try FileManager.default.removeItem(atPath: group.directory)
    }

    /// The replica goes on and removes what a backup is being made of.
    @Test func whatIsHeldStaysReadableThoughItsFilesGo() async throws {
        let group = try await TestGroup.withCheckpoint(names: 50)
        let path = group.directory + "/backup"
        let (backup, passedOver) = try BackupHome(path: group.home(0), genesis: group.genesis).withNewest {
            (checkpoint) throws(BackupError) in
            do {
                try FileManager.default.removeItem(atPath: group.home(0) + "/snapshots")
            } catch {
                Issue.record(error)
            }
            try BackupWriter(path).write(checkpoint) { _ in }
            return try checkpoint.described()
        }
        #expect(try Backup.verify(path, of: group.genesis) == backup && passedOver == nil)
        try FileManager.default.removeItem(atPath: group.directory)
    }
}
