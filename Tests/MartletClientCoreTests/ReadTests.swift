// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletClientCore

@Suite struct ReadTests {
    @Test func `reads cannot go back in time (x=1, x=2, x=1)`() {
        // x was 1, then 2, then 1 again. Replicas 1 and 2 know all of it, replica 3 is still at the first 1 and replica
        // 4 lies. If equal results were enough, the stale 1 could complete a quorum after a read that saw 2.
        let rig = Rig()
        _ = rig.opened()
        rig.call(kind: .read)
        let read = rig.takeReads()[0].request
        rig.answer(read, [1], version: 10, from: [1])
        rig.answer(read, [1], version: 30, from: [2])
        rig.answer(read, [1], version: 20, from: [4])
        #expect(rig.takeCompletions().isEmpty, "equal results of different versions are no quorum")
        rig.answer(read, [1], version: 10, from: [3])
        #expect(rig.takeCompletions().isEmpty)
        let ordered = rig.takeRequests()
        #expect(ordered.map(\.kind) == [.orderedRead], "no version can reach a quorum any more")
        rig.answer(read, [1], version: 10, from: [2, 4])
        #expect(rig.takeCompletions().isEmpty, "the unordered read is over")
        rig.reply(ordered[0], .result([1]), from: [1, 2, 3])
        #expect(rig.takeCompletions().map(\.outcome.bytes) == [[1]])
    }

    @Test func `a read is accepted from a quorum that matches in view, version and result`() {
        let rig = Rig()
        _ = rig.opened()
        let call = rig.call([8], kind: .read)
        let reads = rig.takeReads()
        #expect(reads.map(\.targets) == [rig.view.everyone])
        #expect(reads[0].request.query == [8])
        rig.answer(reads[0].request, [1], version: 7, from: [1, 1, 2])
        rig.answer(reads[0].request, [1], version: 7, from: [3], view: ViewNumber(2))
        #expect(rig.takeCompletions().isEmpty)
        rig.answer(reads[0].request, [1], version: 7, from: [4])
        let completion = rig.takeCompletions()[0]
        #expect(completion.call == call)
        #expect(completion.outcome.certificate?.basis == .read(version: Instance(7)))
        #expect(rig.takeRequests().isEmpty)
    }

    @Test func `a read needs no session, and falls back to one`() {
        let rig = Rig()
        rig.allUp()
        rig.call([8], kind: .read)
        #expect(rig.takeReads().count == 1)
        #expect(rig.takeRequests().isEmpty)
        rig.pass(.milliseconds(100))
        #expect(rig.takeRequests().map(\.kind) == [.open])
    }

    @Test func `a read without an answer is ordered after a while`() {
        let rig = Rig()
        _ = rig.opened()
        let call = rig.call([8], kind: .read)
        rig.answer(rig.takeReads()[0].request, [1], version: 7, from: [1, 2])
        rig.pass(.milliseconds(70))
        let requests = rig.takeRequests()
        #expect(requests.map(\.kind) == [.orderedRead])
        #expect(requests[0].payload == [8])
        rig.reply(requests[0], .result([3]), from: [1, 2, 4])
        #expect(rig.takeCompletions().map(\.call) == [call])
    }

    @Test func `reads over a slow network are given more time`() {
        let rig = Rig()
        _ = rig.opened()
        var ordered = 0
        for _ in 0..<20 {
            rig.call(kind: .read)
            let read = rig.takeReads()[0].request
            rig.pass(.milliseconds(170))
            let requests = rig.takeRequests()
            ordered += min(requests.count, 1)
            if let request = requests.first {
                rig.reply(request, .result([1]), from: [1, 2, 3])
            } else {
                rig.answer(read, [1], version: 7, from: [1, 2, 3])
            }
        }
        #expect(rig.takeCompletions().count == 20)
        #expect(ordered <= 2, "\(ordered) of 20 were ordered")
    }

    @Test func `reads are ordered at once where the group has no unordered ones`() {
        let rig = Rig(unorderedReads: false)
        _ = rig.opened()
        rig.call(kind: .read)
        #expect(rig.takeReads().isEmpty)
        #expect(rig.takeRequests().map(\.kind) == [.orderedRead])
    }

    @Test func `refusals end the hope for an unordered read`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call(kind: .read)
        let read = rig.takeReads()[0].request
        func refuse(_ reason: RefusalReason, from replica: UInt16) {
            let id = RequestID(client: rig.client, session: .none, sequence: SequenceNumber(read.number))
            rig.say(.refusal(Refusal(request: id, reason: reason)), from: replica)
        }
        refuse(.notServing, from: 3)
        rig.answer(read, [1], version: 7, from: [1])
        #expect(rig.takeRequests().isEmpty)
        refuse(.overloaded, from: 4)
        #expect(rig.takeRequests().map(\.kind) == [.orderedRead])
    }

    @Test func `a read whose deadline passes fails for sure, since it changes nothing`() {
        let rig = Rig()
        let unsent = rig.call(kind: .read, within: .milliseconds(10))
        rig.pass(.milliseconds(10))
        #expect(rig.takeCompletions() == [Completion(call: unsent, outcome: .failed(.neverSent))])
        _ = rig.opened()
        for wait in [10, 500] as [UInt64] {
            let call = rig.call(kind: .read, within: .milliseconds(wait))
            rig.pass(.milliseconds(wait))
            #expect(rig.takeCompletions() == [Completion(call: call, outcome: .failed(.readUnanswered))])
        }
    }

    @Test func `a read is sent to a replica whose link comes up`() {
        let rig = Rig()
        rig.call(kind: .read)
        rig.pass(.milliseconds(500))
        #expect(rig.takeReads().isEmpty)
        rig.allUp()
        let reads = rig.takeReads()
        #expect(reads.map(\.targets) == [rig.set(1), rig.set(2), rig.set(3), rig.set(4)])
        #expect(Set(reads.map(\.request)).count == 1)
        rig.answer(reads[0].request, [1], version: 7, from: [1, 2, 3])
        #expect(rig.takeCompletions().count == 1)
    }

    @Test func `an answer for an earlier user of the slot is nobody's`() {
        let rig = Rig()
        _ = rig.opened()
        rig.call(kind: .read)
        let old = rig.takeReads()[0].request
        rig.answer(old, [1], version: 7, from: [1, 2, 3])
        rig.call(kind: .read)
        let new = rig.takeReads()[0].request
        #expect(old.number != new.number)
        _ = rig.takeCompletions()
        rig.answer(old, [1], version: 7, from: [1, 2, 3, 4])
        #expect(rig.takeCompletions().isEmpty)
        for number in [0, 1, UInt64.max, new.number ^ (1 << 61), new.number + 5] {
            rig.answer(ReadRequest(number: number, query: []), [1], version: 7, from: [1, 2, 3, 4])
        }
        #expect(rig.takeCompletions().isEmpty)
    }
}
