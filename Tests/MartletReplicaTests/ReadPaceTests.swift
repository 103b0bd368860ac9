// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletReplica

/// How much of a replica's time unordered reads get.
@Suite struct ReadPaceTests {
    private let start = Instant(1_000_000_000)

    /// Reads that each take so long, as fast as they are allowed, for a second: how many run.
    private func reads(_ bytes: Int, took time: Interval) -> Int {
        var pace = ReadPace(at: start)
        var now = start
        var count = 0
        while now < start + .seconds(1) {
            now = max(now, pace.due)
            now = now + time
            pace.note(bytes, took: time, at: now)
            count += 1
        }
        return count
    }

    @Test func readsWithoutEndGetHalfOfTheTimeAtMost() {
        #expect((49_000...51_000).contains(reads(0, took: .microseconds(10))))
    }

    @Test func longAnswersAreSomeHundredMegabytesASecond() {
        #expect((950...1_000).contains(reads(100_000, took: .microseconds(1))))
    }

    @Test func whoReadsNowAndThenWaitsForNothing() {
        var pace = ReadPace(at: start)
        for second in 1...10 as ClosedRange<UInt64> {
            let now = start + .seconds(second)
            for _ in 0..<50 {
                #expect(pace.allows(at: now))
                pace.note(1_000, took: .microseconds(20), at: now)
            }
        }
    }
}
