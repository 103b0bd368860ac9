// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The rules of the protocol as traces of one replica: each file of `Traces` is replayed and must come out as it is,
/// word for word. With `MARTLET_WRITE_TRACES=1` in the environment the files are written anew instead; what then has
/// changed is to be reviewed as a change of the protocol.
@Suite("Golden traces")
struct TraceTests {
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Traces")

    private static let names: [String] = {
        let found = Result { try FileManager.default.contentsOfDirectory(atPath: folder.path) }
        guard case .success(let files) = found else { return [] }
        return files.filter { $0.hasSuffix(".trace") }.sorted()
    }()

    @Test(arguments: names)
    func goesAsItEverDid(_ name: String) throws {
        let file = Self.folder.appending(path: name)
        let text = try String(contentsOf: file, encoding: .utf8)
        let replayed = try Trace(name: name, text: text).replayed()
        if ProcessInfo.processInfo.environment["MARTLET_WRITE_TRACES"] == "1" {
            try replayed.write(to: file, atomically: true, encoding: .utf8)
        } else if replayed != text {
            Issue.record("\(name): the core does something else now\n\(Self.difference(from: text, to: replayed))")
        }
    }

    @Test func thereIsOneForEachRule() { #expect(Self.names.count >= 25) }

    /// A trace is read by people: it says first which rule it shows, where that rule stands, and why it is there.
    @Test(arguments: names)
    func beginsWithItsRule(_ name: String) throws {
        let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
        let comments = text.split(separator: "\n").prefix { $0.hasPrefix("#") }
        #expect(comments.first?.hasPrefix("# Rule: ") == true)
        #expect(comments.contains { $0.hasPrefix("# Section: §") })
        #expect(comments.contains { $0.hasPrefix("# Why: ") })
    }

    @Test(arguments: [
        ("group n=4\nfrom 0: SHOUT r1", "sample.trace:2: 'SHOUT' is no message"),
        ("# nothing\n\ngroup m=4", "sample.trace:3: 'm=4' is no setting of a group"),
        ("group n=4\nwait 3s", "sample.trace:2: 'wait' is no line of a trace"),
        ("group n=4\nfrom 0: WRITE r1 i1 b1", "sample.trace:2: nothing is called 'b1'"),
        ("group n=4\nstatus again", "sample.trace:2: 'again' is too much"),
        ("status", "sample.trace:1: a trace begins with 'group'"),
    ])
    func namesTheLineThatItCannotRead(_ text: String, _ complaint: String) {
        #expect {
            try Trace(name: "sample.trace", text: text).replayed()
        } throws: {
            "\($0)" == complaint
        }
    }

    /// Lines with their numbers: what was (-) and what is (+), with the two lines before each change.
    private static func difference(from old: String, to new: String) -> String {
        let old = old.components(separatedBy: "\n")
        let new = new.components(separatedBy: "\n")
        let change = new.difference(from: old)
        let removed = Set(change.removals.map(\.place))
        let added = Set(change.insertions.map(\.place))
        var result: [String] = []
        var (left, right, shown) = (0, 0, 0)
        while left < old.count || right < new.count {
            if removed.contains(left) {
                for line in max(shown, left - 2)..<max(shown, left) { result.append("  \(line + 1): \(old[line])") }
                result.append("- \(left + 1): \(old[left])")
                left += 1
                shown = left
            } else if added.contains(right) {
                result.append("+ \(left + 1): \(new[right])")
                right += 1
            } else {
                left += 1
                right += 1
            }
        }
        return result.joined(separator: "\n")
    }
}

extension CollectionDifference.Change {
    fileprivate var place: Int {
        switch self {
        case .insert(let offset, _, _), .remove(let offset, _, _): offset
        }
    }
}
