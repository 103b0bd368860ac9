// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletCrypto
import MartletLog
import MartletTypes

/// A replica's home as a durable replica leaves it: a log of several segments and two snapshots.
struct DurableHome {
    static let identity = LogIdentity(group: Digest(words: Words32(1, 2, 3, 4)), replica: ReplicaID(2))
    /// The state after an instance.
    static func contents(_ instance: UInt64) -> CheckpointContents {
        CheckpointContents(imageChunks: 1, chunks: [Bytes(repeating: UInt8(instance), count: 488)])
    }
    static func digest(_ instance: UInt64) -> Digest { Hashing.hashed(contents(instance)).digest }

    static var settings: LogSettings {
        var settings = LogSettings()
        settings.segmentBytes = 700
        settings.aheadBytesMin = 64
        settings.aheadBytesMax = 256
        return settings
    }

    let path: String
    var log: String { path + "/log" }
    var snapshots: String { path + "/snapshots" }

    /// One record an instance from 11 on, and snapshots after 10 and 20, of which the first is stable.
    init(in scratch: Scratch) throws {
        path = scratch.path + "/home"
        for directory in [log, snapshots] {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }
        var files = try FileDirectory(at: log)
        var writer = try Self.writer(&files)
        try writer.append([.incarnation(1), Self.stable(10)], to: &files)
        for instance in 11...30 as ClosedRange<UInt64> { try Self.write(Self.vote(instance), &writer, &files) }
        try writer.seal(&files)
        try keep([10, 20])
    }

    static func writer(_ files: inout FileDirectory) throws -> LogWriter {
        try LogWriter.open(in: &files, identity, settings, salt: 1) { _ in }
    }

    static func write(_ record: LogRecord, _ writer: inout LogWriter, _ files: inout FileDirectory) throws {
        try writer.append([record], to: &files)
        try writer.sync(&files)
    }

    func keep(_ instances: [UInt64], _ identity: LogIdentity = identity, in directory: String? = nil) throws {
        var files = try FileDirectory(at: directory ?? snapshots)
        var entries = try SnapshotFiles(in: &files, identity)
        for instance in instances {
            let checkpoint = Hashing.hashed(Self.contents(instance))
            _ = try entries.keep(checkpoint, after: Instance(instance), in: &files)
        }
    }

    static func vote(_ instance: UInt64) -> LogRecord {
        .wrote(LoggedVote(epoch: Epoch(view: .genesis, regency: .first), instance: Instance(instance), digest: .zero))
    }

    static func stable(_ instance: UInt64) -> LogRecord {
        .stable(
            CheckpointCertificate(view: .genesis, instance: Instance(instance), digest: digest(instance), shares: []))
    }

    // MARK: - Harm

    static func change(_ file: String, _ change: (inout Data) -> Void) throws {
        var data = try Data(contentsOf: URL(filePath: file))
        change(&data)
        try data.write(to: URL(filePath: file))
    }

    static func flip(_ file: String, at offset: Int) throws { try change(file) { $0[offset] ^= 4 } }

    /// All files with their content.
    func files() throws -> [String: Data] {
        var files: [String: Data] = [:]
        for directory in [log, snapshots] {
            for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
                files[directory + "/" + name] = try Data(contentsOf: URL(filePath: directory + "/" + name))
            }
        }
        return files
    }
}
