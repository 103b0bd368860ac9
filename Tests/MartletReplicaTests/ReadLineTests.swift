// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletReplica

/// In which order unordered reads are run, and who is not read from meanwhile.
@Suite struct ReadLineTests {
    private let flooding = ClientID(PublicKey(words: Words32(1, 1, 1, 1)))
    private let patient = ClientID(PublicKey(words: Words32(2, 2, 2, 2)))

    /// Adds them, and says whether the asker may be read from.
    private func add(
        _ numbers: ClosedRange<UInt64>, of client: ClientID, by asker: String, to line: inout ReadLine<String>
    ) -> Bool {
        line.add(numbers.map { ReadRequest(number: $0, query: []) }, of: client, by: asker)
    }

    @Test func aClientOfWhichThousandsWaitDelaysAnotherByOneRead() {
        var line = ReadLine<String>()
        _ = add(1...5000, of: flooding, by: "a", to: &line)
        #expect(add(1...2, of: patient, by: "b", to: &line))
        var run: [String] = []
        while run.count < 5, let next = line.next() { run.append("\(next.asker)\(next.read.number)") }
        #expect(run == ["a1", "b1", "a2", "b2", "a3"])
    }

    @Test func aClientIsHeldAboveTheMarkAndEachOfItsHoldsIsTakenBack() {
        var line = ReadLine<String>()
        #expect(add(1...1024, of: flooding, by: "a", to: &line))
        #expect(!add(1025...1025, of: flooding, by: "a", to: &line))
        #expect(!add(1026...1026, of: flooding, by: "b", to: &line))
        #expect(!add(1027...1027, of: flooding, by: "a", to: &line))
        var resumed: [[String]] = []
        while let next = line.next() { resumed.append(next.resumed) }
        #expect(resumed.count == 1027 && line.isEmpty)
        #expect(resumed[1027 - 512 - 1] == ["a", "b", "a"])
        #expect(resumed.flatMap(\.self).count == 3)
    }

    @Test func whatIsNotAskedHoldsNobody() {
        var line = ReadLine<String>()
        let isBelowMark = line.add([], of: flooding, by: "a")
        #expect(isBelowMark && line.isEmpty)
    }
}
