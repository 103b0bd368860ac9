// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletLog
import MartletTypes
import Testing

@Suite("A real directory")
struct FileDirectoryTests {
    private static func withDirectory(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.path + "/martlet-log-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record(error) } }
        try body(path)
    }

    @Test("Reads what was written, under the names that there are")
    func bytes() throws {
        try Self.withDirectory { path in
            var files = try FileDirectory(at: path)
            try files.create("b")
            try files.write([1, 2, 3], to: "b", at: 2)
            try files.create("a")
            #expect(try files.names() == ["a", "b", "lock"])
            #expect(try files.size(of: "b") == 5)
            #expect(try files.read("b", at: 1, count: 3) == [0, 1, 2])
            #expect(try files.read("b", at: 3, count: 100) == [2, 3])
            #expect(try files.read("b", at: 9, count: 1) == [])
            try files.sync("b")
            try files.rename("b", to: "c")
            try files.remove("a")
            try files.syncNames()
            #expect(try files.names() == ["c", "lock"] && files.read("c", at: 2, count: 1) == [1])
        }
    }

    @Test("Errors name the path")
    func errors() throws {
        try Self.withDirectory { path in
            #expect(throws: FileError.notFound(file: path + "/none")) { _ = try FileDirectory(at: path + "/none") }
            var files = try FileDirectory(at: path)
            #expect(throws: FileError.notFound(file: path + "/x")) { _ = try files.read("x", at: 0, count: 1) }
            #expect(throws: FileError.notFound(file: path + "/x")) { try files.sync("x") }
            #expect(throws: FileError.notFound(file: path + "/x")) { try files.remove("x") }
            #expect(throws: FileError.notFound(file: path + "/x")) { try files.rename("x", to: "y") }
            try files.create("x")
            #expect(throws: FileError.alreadyExists(file: path + "/x")) { try files.create("x") }
            #expect("\(FileError.notFound(file: path))".contains(path))
        }
    }

    @Test("One writes, others may read")
    func lock() throws {
        try Self.withDirectory { path in
            do {
                var files = try FileDirectory(at: path)
                try files.create("x")
                #expect(throws: FileError.inUse(directory: path)) { _ = try FileDirectory(at: path) }
                var reader = try FileDirectory(at: path, .reading)
                #expect(try reader.size(of: "x") == 0)
                #expect(throws: FileError.self) { try reader.write([1], to: "x", at: 0) }
                try files.syncNames()
            }
            _ = try FileDirectory(at: path)
        }
    }

    @Test("A log lies in it as in a simulated one, and is inspected while it is written")
    func log() throws {
        try Self.withDirectory { path in
            var source = Records(seed: 5)
            let records = try source.next(300)
            do {
                var files = try FileDirectory(at: path)
                var log = try LogWriter.open(in: &files, LogRig.identity, LogRig.settings, salt: 1) { _ in }
                for record in records {
                    try log.append([record], to: &files)
                    try log.sync(&files)
                }
                try log.seal(&files)
                var reader = try FileDirectory(at: path, .reading)
                let inspection = try LogInspection(of: &reader)
                #expect(inspection.findings.isEmpty)
                #expect(inspection.segments.reduce(0) { $0 + $1.records.total } == 300)
            }
            for salt in 2...3 as ClosedRange<UInt64> {
                var files = try FileDirectory(at: path)
                var delivered: [LogRecord] = []
                let log = try LogWriter.open(in: &files, LogRig.identity, LogRig.settings, salt: salt) {
                    delivered.append($0)
                }
                #expect(delivered == records && log.recovery.findings.isEmpty)
            }
        }
    }
}
