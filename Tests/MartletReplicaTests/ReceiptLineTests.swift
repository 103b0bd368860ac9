// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletReplica

/// How much a replica signs, and for whom.
@Suite struct ReceiptLineTests {
    private let begin = Instant(10_000_000_000)
    private let greedy = ClientID(PublicKey(words: Words32(1, 1, 1, 1)))
    private let patient = ClientID(PublicKey(words: Words32(2, 2, 2, 2)))

    private func id(_ client: ClientID, _ sequence: UInt64) -> RequestID {
        RequestID(
            client: client, session: SessionID(instance: Instance(1), place: 0), sequence: SequenceNumber(sequence))
    }

    /// Signs all that may be signed at that time.
    private func sign(_ line: inout ReceiptLine<String>, at now: Instant, bytes: Int = 0) -> [String] {
        var signed: [String] = []
        while let next = line.next(at: now) {
            signed.append("\(next.asker)\(next.id.sequence)")
            line.noteSigning(of: bytes, at: now)
        }
        return signed
    }

    @Test func aClientThatAsksForMuchDelaysAnotherByOne() {
        var line = ReceiptLine<String>(at: .zero)
        for sequence in 1...100 as ClosedRange<UInt64> { line.add(id(greedy, sequence), by: "g") }
        for sequence in 1...2 as ClosedRange<UInt64> { line.add(id(patient, sequence), by: "p") }
        #expect(sign(&line, at: begin).prefix(5) == ["g1", "p1", "g2", "p2", "g3"])
    }

    @Test func aThousandASecondAreSignedHoweverManyAreAskedFor() {
        var line = ReceiptLine<String>(at: .zero)
        var signed = 0
        var sequence: UInt64 = 0
        for millisecond in 0..<2_000 as Range<UInt64> {
            for _ in 0..<50 {
                sequence += 1
                line.add(id(greedy, sequence), by: "g")
            }
            signed += sign(&line, at: begin + .milliseconds(millisecond)).count
            #expect(line.count <= ReceiptLine<String>.waitingOfClientMax)
        }
        // Each question costs a little too.
        #expect((1_950...2_070).contains(signed), "\(signed)")
    }

    @Test func longResultsCostMore() {
        var line = ReceiptLine<String>(at: .zero)
        for sequence in 1...100 as ClosedRange<UInt64> { line.add(id(greedy, sequence), by: "g") }
        var signed = 0
        for millisecond in 0..<1_000 as Range<UInt64> {
            signed += sign(&line, at: begin + .milliseconds(millisecond), bytes: 8 << 20).count
        }
        #expect((11...13).contains(signed), "\(signed): 100 MB a second")
    }

    @Test func theSameQuestionWaitsOnce() {
        var line = ReceiptLine<String>(at: .zero)
        for _ in 0..<10 { line.add(id(greedy, 1), by: "g") }
        #expect(line.count == 1 && sign(&line, at: begin) == ["g1"])
        #expect(line.count == 0 && line.due == nil)
    }

    @Test func whatWaitsIsBoundedInAllToo() {
        var line = ReceiptLine<String>(at: .zero)
        for client in 0..<2_000 as Range<UInt64> {
            let asker = ClientID(PublicKey(words: Words32(client, 0, 0, 0)))
            for sequence in 1...200 as ClosedRange<UInt64> { line.add(id(asker, sequence), by: "") }
        }
        #expect(line.count == ReceiptLine<String>.waitingMax)
    }

    /// What cannot be signed costs next to nothing, but not nothing: there may be very many of them.
    @Test func whatIsNotSignedIsHardlyPaidFor() {
        var line = ReceiptLine<String>(at: .zero)
        for sequence in 1...128 as ClosedRange<UInt64> { line.add(id(greedy, sequence), by: "g") }
        var count = 0
        while line.next(at: begin) != nil { count += 1 }
        #expect(count == 128)
        for client in 0..<1_000 as Range<UInt64> {
            for sequence in 1...10 as ClosedRange<UInt64> {
                line.add(id(ClientID(PublicKey(words: Words32(client, 0, 0, 0))), sequence), by: "")
            }
        }
        while line.next(at: begin) != nil { count += 1 }
        #expect((3_000...3_500).contains(count), "\(count) at once")
    }
}
