// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import martlet_cli

@Suite struct ReportingTests {
    @Test func columnsAreAsWideAsTheirWidestCell() {
        var table = ConsoleTable([.init("name"), .init("n", .right), .init("why")])
        table.add(["a", "10"])
        table.add(["longer", "9", "é"])
        #expect(table.lines == ["name     n  why", "a       10", "longer   9  é"])
    }

    @Test func aTableWithoutRowsHasItsTitles() {
        #expect(ConsoleTable([.init("a"), .init("b")]).lines == ["a  b"])
    }

    @Test(arguments: ["", "a", "\"\\\n\t\u{0}\u{7f}\u{2028}", "é 😀 日本"])
    func textsSurviveJSON(text: String) throws {
        let line = JSONValue.object(["a": .text(text), "b": [1, true, .null].asList]).description
        #expect(!line.contains("\n"))
        let object = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["a"] as? String == text)
        #expect((object["b"] as? [Any])?.count == 3)
    }

    @Test func membersKeepTheirOrder() {
        #expect("\(JSONValue.object(["z": 1, "a": .number(0.5), "n": .number(.nan)]))" == #"{"z":1,"a":0.5,"n":null}"#)
    }

    @Test func misspeltNamesAreGuessed() {
        let names = ["window", "batchBytesMax", "batchRequestsMax"]
        #expect(Spelling.nearest(to: "windwo", among: names) == "window")
        #expect(Spelling.nearest(to: "batchbytesmax", among: names) == "batchBytesMax")
        #expect(Spelling.nearest(to: "colour", among: names) == nil)
        #expect(Spelling.nearest(to: "silent", among: ["silent leader", "forging leader"]) == "silent leader")
        #expect(Spelling.nearest(to: "leader", among: ["silent leader", "forging leader"]) == nil)
        #expect(Spelling.nearest(to: "si", among: ["silent leader", "forging leader"]) == nil)
        #expect(Spelling.nearest(to: "", among: []) == nil)
        #expect(Spelling.distance("kitten", "sitting") == 3)
        #expect(Spelling.distance("", "abc") == 3)
    }
}

extension [JSONValue] {
    fileprivate var asList: JSONValue { .list(self) }
}
