// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletLog
import MartletSimulation
import MartletTypes
import Testing

/// What is not synced lives as long as the process: the directory below has what a cut leaves, at each instant.
@Suite("A directory whose process may be killed")
struct VolatileDirectoryTests {
    private typealias Volatile = VolatileDirectory<SimulatedDirectory>

    private static func below() -> SimulatedDirectory { SimulatedDirectory(random: SeededRandom(seed: 1)) }

    private static func content(_ name: String, _ files: inout SimulatedDirectory) throws -> Bytes {
        try files.read(name, at: 0, count: try files.size(of: name))
    }

    /// What the next process finds.
    private static func names(after files: consuming Volatile, _ seed: UInt64 = 1) throws -> [String] {
        var next = try Volatile(over: files.base, seed: seed)
        return try next.names()
    }

    // MARK: Bytes

    @Test("What was synced is there; of the rest each sector is there or not, whole, and each mixture occurs")
    func bytes() throws {
        var (none, torn, all) = (0, 0, 0)
        for seed in 1...300 as ClosedRange<UInt64> {
            var files = try Volatile(over: Self.below(), seed: seed)
            try files.create("a")
            try files.write(Bytes(repeating: 1, count: 3_000), to: "a", at: 0)
            try files.sync("a")
            try files.syncNames()
            try files.write(Bytes(repeating: 2, count: 2_000), to: "a", at: 300)
            #expect(try files.read("a", at: 299, count: 3) == [1, 2, 2])
            #expect(try files.read("a", at: 2_299, count: 9_999) == [2] + Bytes(repeating: 1, count: 700))
            var left = files.base
            let content = try Self.content("a", &left)
            #expect(content.count == 3_000)
            var kept = 0
            for start in stride(from: 0, to: 3_000, by: 512) {
                let old = Bytes(repeating: 1, count: min(512, 3_000 - start))
                var new = old
                for place in new.indices where (300..<2_300).contains(start + place) { new[place] = 2 }
                let sector = Bytes(content[start..<start + old.count])
                #expect(sector == old || sector == new, "seed \(seed)")
                kept += sector == new && new != old ? 1 : 0
            }
            if kept == 0 { none += 1 } else if kept == 5 { all += 1 } else { torn += 1 }
            let next = try Volatile(over: left, seed: seed)
            #expect(next.loss.bytes == (5 - kept) * 512 && next.loss.writes == (kept < 5 ? 1 : 0))
            #expect(next.loss.torn == (kept > 0 && kept < 5 ? 1 : 0) && next.loss.names == 0)
            try files.sync("a")
            left = files.base
            #expect(try Self.content("a", &left)[300..<2_300].allSatisfy { $0 == 2 })
        }
        #expect(none > 100 && torn > 20 && all > 5)
    }

    @Test("A sync that is cut off leaves a part; before it says that it is done, all of it is there")
    func cutSync() throws {
        var partly = 0
        for seed in 1...60 as ClosedRange<UInt64> {
            for left in 0...6 {
                var files = try Volatile(over: Self.below(), seed: seed)
                try files.create("a")
                try files.write(Bytes(repeating: 7, count: 4_096), to: "a", at: 0)
                try files.syncNames()
                files.base.faults.operationsLeft = left
                let isDone: Bool
                do throws(FileError) {
                    try files.sync("a")
                    isDone = true
                } catch {
                    isDone = false
                }
                var below = files.base
                below.faults.operationsLeft = nil
                let content = try Self.content("a", &below)
                if isDone { #expect(content == Bytes(repeating: 7, count: 4_096)) }
                if content.contains(7) && content.count(where: { $0 == 7 }) < 4_096 { partly += 1 }
            }
        }
        #expect(partly > 20)
    }

    @Test("A file that has grown has any length between, and zeros in its gaps")
    func growth() throws {
        var lengths: Set<Int> = []
        for seed in 1...300 as ClosedRange<UInt64> {
            var files = try Volatile(over: Self.below(), seed: seed)
            try files.create("a")
            try files.syncNames()
            try files.write([9], to: "a", at: 100)
            try files.write([8], to: "a", at: 2_000)
            #expect(try files.size(of: "a") == 2_001)
            #expect(
                try files.read("a", at: 99, count: 4) == [0, 9, 0, 0] && files.read("a", at: 1_999, count: 9) == [0, 8])
            var left = files.base
            lengths.insert(try left.size(of: "a"))
            try files.sync("a")
            left = files.base
            #expect(try left.size(of: "a") == 2_001)
            #expect(try Self.content("a", &left).filter { $0 != 0 } == [9, 8])
        }
        #expect(lengths == [0, 101, 2_001])
    }

    // MARK: Names

    @Test("Each change of names is done or not, in any order but that of those about one file or name")
    func names() throws {
        var outcomes: Set<[String]> = []
        for seed in 1...4_000 as ClosedRange<UInt64> {
            var files = try Volatile(over: Self.below(), seed: seed)
            for name in ["a", "d"] { try files.create(name) }
            try files.syncNames()
            try files.rename("a", to: "b")
            try files.create("x")
            try files.remove("d")
            try files.rename("x", to: "y")
            #expect(try files.names() == ["b", "y"])
            for name in ["a", "d", "x"] { #expect(throws: FileError.notFound(file: name)) { try files.size(of: name) } }
            #expect(throws: FileError.alreadyExists(file: "y")) { try files.create("y") }
            outcomes.insert(try Self.names(after: files, seed))
        }
        let expected = Set(
            ["a", "b"].flatMap { first in
                [["x"], ["y"], []].flatMap { second in [["d"], []].map { ([first] + second + $0).sorted() } }
            })
        #expect(outcomes == expected)
    }

    @Test(
        "After a sync of names they are as they were; before it a file without a name is gone, whatever was synced of it"
    )
    func syncedNames() throws {
        var lost = 0
        for seed in 1...100 as ClosedRange<UInt64> {
            var files = try Volatile(over: Self.below(), seed: seed)
            try files.create("a")
            try files.write([1, 2], to: "a", at: 0)
            try files.sync("a")
            var next = try Volatile(over: files.base, seed: seed)
            let found = try next.names()
            #expect(found == [] || found == ["a"])
            // With its name comes all that was synced.
            if found == ["a"] { #expect(try next.read("a", at: 0, count: 9) == [1, 2]) } else { lost += 1 }
            #expect(next.loss.names == (found == [] ? 1 : 0))
            var below = next.base
            #expect(try below.names().filter { $0.hasPrefix("unnamed") } == [])
            try files.syncNames()
            next = try Volatile(over: files.base, seed: seed)
            #expect(try next.names() == ["a"] && next.read("a", at: 0, count: 9) == [1, 2])
        }
        #expect(lost > 20)
    }

    @Test("One that takes the place of another: the old one, none, or the new one is there, whole")
    func replaced() throws {
        var outcomes: Set<Bytes> = []
        for seed in 1...300 as ClosedRange<UInt64> {
            var files = try Volatile(over: Self.below(), seed: seed)
            try files.create("a")
            try files.write([1], to: "a", at: 0)
            try files.sync("a")
            try files.create("draft")
            try files.write([2], to: "draft", at: 0)
            try files.sync("draft")
            try files.syncNames()
            try files.remove("a")
            try files.rename("draft", to: "a")
            #expect(try files.read("a", at: 0, count: 9) == [2])
            var next = try Volatile(over: files.base, seed: seed)
            outcomes.insert(try next.names().contains("a") ? try next.read("a", at: 0, count: 9) : [])
        }
        #expect(outcomes == [[1], [], [2]])
    }

    @Test("Over a real directory")
    func real() throws {
        let path = FileManager.default.temporaryDirectory.path + "/martlet-volatile-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record(error) } }
        func seen() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: path).filter { $0 == "a" || $0 == "b" }
        }
        do {
            var files = try VolatileDirectory(over: FileDirectory(at: path), seed: 3)
            try files.create("a")
            try files.write([1, 2, 3], to: "a", at: 1_000)
            try files.sync("a")
            try files.syncNames()
            #expect(try seen() == ["a"])
            try files.rename("a", to: "b")
            #expect(try files.names() == ["b", "lock"] && files.read("b", at: 999, count: 9) == [0, 1, 2, 3])
            #expect(throws: FileError.inUse(directory: path)) { _ = try FileDirectory(at: path) }
        }
        var files = try VolatileDirectory(over: FileDirectory(at: path), seed: 4)
        #expect(try files.names() == seen().sorted() + ["lock"])
        #expect(files.loss.names == (try seen() == ["a"] ? 1 : 0))
    }

    @Test("A loss is read back as it is told")
    func telling() {
        var loss = VolatileLoss()
        (loss.bytes, loss.writes, loss.torn, loss.names) = (1_536, 3, 1, 2)
        #expect("\(loss)" == "1536 bytes unsynced of 3 writes, 1 of them torn, and 2 changes of names")
        #expect(VolatileLoss("\(loss)") == loss && !loss.isNothing)
        #expect(VolatileLoss("1536 bytes") == nil && VolatileLoss("\(loss).") == nil && VolatileLoss().isNothing)
    }
}
