// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletReplica

/// When replicas write down a checkpoint that all have taken.
@Suite struct SnapshotTurnsTests {
    private let start = Instant(1_000_000_000)
    private var next: Instant { start + .seconds(10) }

    /// The second one's turn, ten seconds after the first one, which took so long.
    private func turn(_ rank: Int, of count: Int = 4, work: Interval) -> SnapshotTurns.Turn {
        var turns = SnapshotTurns(rank: rank, replicaCount: count)
        _ = turns.turn(takenAt: start)
        turns.note(work: work)
        return turns.turn(takenAt: next)
    }

    @Test func theFirstOneIsWrittenAtOnce() {
        var turns = SnapshotTurns(rank: 3, replicaCount: 4)
        let turn = turns.turn(takenAt: start)
        #expect(turn.begin == start && turn.rest(after: .seconds(1)) == .zero)
    }

    @Test func oneAfterTheOther() {
        for rank in 0..<4 {
            let turn = turn(rank, work: .seconds(1))
            #expect(turn.begin == next + .milliseconds(1_250) * UInt64(rank))
            #expect(turn.length == .milliseconds(1_250))
        }
    }

    @Test func smallStatesWaitForNothing() {
        let turn = turn(3, work: .microseconds(100))
        #expect(turn.begin == next + .microseconds(1_200) && turn.length == .microseconds(400))
    }

    /// Whatever it costs: where all can be through in half of the time, they are, and nobody is later than the work alone makes it.
    @Test(arguments: 1...25, [1, 4, 7, 31]) func allAreThroughInTime(seconds: Int, count: Int) {
        for tenth in [1, 4, 9] {
            let work = Interval.seconds(UInt64(seconds)) + .milliseconds(UInt64(100 * tenth))
            for rank in 0..<count {
                let turn = turn(rank, of: count, work: work)
                #expect(turn.length >= work)
                #expect(turn.begin + turn.length <= next + max(.seconds(5), work))
            }
        }
    }

    @Test func restsFillTheTurnAndNoMore() {
        for (work, rest) in [
            (Interval.milliseconds(100), Interval.milliseconds(12)), (.milliseconds(625), .milliseconds(4)),
            (.milliseconds(1_250), .zero), (.seconds(5), .zero),
        ] {
            #expect(turn(0, work: work).rest(after: .milliseconds(4)) == rest)
        }
    }

    /// A sync that hangs is no reason to sleep for as long again.
    @Test func noRestIsLong() {
        #expect(turn(0, work: .milliseconds(100)).rest(after: .seconds(5)) == .milliseconds(20))
    }

    /// Works so long as the pace has it, and returns which part of the time.
    private func busy(_ turn: SnapshotTurns.Turn, for time: Interval, mayRest: Bool) -> Double {
        let pace = SnapshotPace(turn) { mayRest }
        let begin = SystemClock.monotonic
        while SystemClock.monotonic.since(begin) < time { pace.rest() }
        return Double(pace.work.nanoseconds) / Double(SystemClock.monotonic.since(begin).nanoseconds)
    }

    @Test func whoIsWaitedForDoesNotRestNorWhoIsLate() {
        let resting = turn(0, work: .milliseconds(400))
        #expect(busy(resting, for: .seconds(1), mayRest: true) < 0.8)
        #expect(busy(resting, for: .milliseconds(20), mayRest: false) > 0.9)
        let over = SnapshotTurns.Turn(begin: start, length: .microseconds(2), work: .microseconds(1))
        #expect(busy(over, for: .milliseconds(20), mayRest: true) > 0.9)
    }
}
