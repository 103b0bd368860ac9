// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletTypes
import Testing

@testable import MartletLog

/// What a backup learns from a log.
@Suite struct LogOverviewTests {
    /// Calls `body` with the path of a log that tells of the views 2, 3 and 4, in its first segment and again in those after it.
    private func withLog(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.path + "/martlet-log-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record(error) } }
        do {
            var files = try FileDirectory(at: path)
            var log = try LogRig(&files).log
            for number in 2...4 as ClosedRange<UInt64> {
                try log.append([.view(try Records.view(number))], to: &files)
                try log.sync(&files)
            }
            var instance: UInt64 = 1
            while try files.names().count(where: { $0.hasPrefix("log-") }) < 3 {
                try log.append([Records.vote(instance)], to: &files)
                try log.sync(&files)
                instance += 1
            }
            try log.append([Records.stable(7)], to: &files)
            try log.sync(&files)
        }
        try body(path)
    }

    /// The second view's was taken for the first one of all, and the first one's, told again, for none that follows.
    @Test func whereTheFirstViewIsDamagedALaterSegmentTellsOfIt() throws {
        try withLog { path in
            #expect(try LogOverview(at: path).chain.map(\.next.number.rawValue) == [2, 3, 4])
            let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasPrefix("log-") }
            let first = try #require(names.min())
            let file = URL(filePath: path + "/" + first)
            var data = try Data(contentsOf: file)
            data[SegmentHeader.bytes + FrameHeader.bytes + 9] ^= 4
            try data.write(to: file)
            let overview = try LogOverview(at: path)
            #expect(overview.chain.map(\.next.number.rawValue) == [2, 3, 4])
            #expect(overview.stable.map(\.instance) == [Instance(7)] && overview.identity == LogRig.identity)
        }
    }
}
