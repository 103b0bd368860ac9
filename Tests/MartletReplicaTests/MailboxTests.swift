// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import MartletTypes
import Synchronization
import Testing

@testable import MartletReplica

@Suite struct MailboxTests {
    @Test func everythingPostedIsTakenOnceAndInTheOrderOfEachPoster() async {
        let mailbox = Mailbox<Int>(bytesMax: 1 << 20, taker: .thread)
        let taken = Mutex<[Int]>([])
        let taker = StageThreads()
        taker.start("taker") {
            var batch: [Int] = []
            while mailbox.wait(into: &batch) { taken.withLock { $0 += batch } }
        }
        await withTaskGroup { group in
            for poster in 0..<4 {
                group.addTask {
                    for number in 0..<1_000 { mailbox.post([poster * 1_000 + number]) }
                }
            }
        }
        mailbox.close()
        await taker.join("taker")
        let all = taken.withLock { $0 }
        #expect(all.sorted() == Array(0..<4_000))
        for poster in 0..<4 {
            let own = all.filter { $0 / 1_000 == poster }
            #expect(own == own.sorted())
        }
    }

    @Test func aLaneOverItsMarkIsHeldUntilEverythingIsTaken() {
        let mailbox = Mailbox<Int>(bytesMax: 100, taker: .thread)
        let resumed = Atomic<Int>(0)
        #expect(mailbox.post([1], bytes: 100, lane: .clients))
        #expect(!mailbox.post([2], bytes: 1, lane: .clients))
        // Replicas have a mark of their own.
        #expect(mailbox.post([3], bytes: 100, lane: .replicas))
        mailbox.hold { resumed.wrappingAdd(1, ordering: .relaxed) }
        #expect(resumed.load(ordering: .relaxed) == 0)
        var batch: [Int] = []
        mailbox.take(into: &batch)
        #expect(batch == [1, 2, 3] && resumed.load(ordering: .relaxed) == 1)
        #expect(mailbox.post([4], bytes: 100, lane: .clients))
    }

    @Test func waitingUntilATimeEndsThenAndAtOnceWhenSomethingIsPosted() async {
        let mailbox = Mailbox<Int>(bytesMax: 1, taker: .thread)
        var batch: [Int] = []
        let begin = SystemClock.monotonic
        #expect(mailbox.wait(into: &batch, until: begin + .milliseconds(20)))
        #expect(batch.isEmpty && SystemClock.monotonic.since(begin) >= .milliseconds(20))
        mailbox.post(7)
        #expect(mailbox.wait(into: &batch, until: begin + .seconds(60)))
        #expect(batch == [7])
        mailbox.close()
        let isOpen = mailbox.wait(into: &batch, until: begin + .seconds(60))
        #expect(!isOpen && SystemClock.monotonic.since(begin) < .seconds(30))
    }

    @Test func whoeverIsHeldTooLateIsResumedAtOnce() {
        let mailbox = Mailbox<Int>(bytesMax: 1, taker: .thread)
        let resumed = Atomic<Int>(0)
        #expect(!mailbox.post([1], bytes: 2, lane: .clients))
        var batch: [Int] = []
        mailbox.take(into: &batch)
        mailbox.hold { resumed.wrappingAdd(1, ordering: .relaxed) }
        #expect(resumed.load(ordering: .relaxed) == 1)
    }

    @Test func aClosedMailboxGivesWhatWaitsAndThenEnds() {
        let mailbox = Mailbox<Int>(bytesMax: 100, taker: .thread)
        mailbox.post(1)
        mailbox.close()
        var batch: [Int] = []
        #expect(mailbox.wait(into: &batch) && batch == [1])
        #expect(!mailbox.wait(into: &batch) && batch.isEmpty)
    }
}
