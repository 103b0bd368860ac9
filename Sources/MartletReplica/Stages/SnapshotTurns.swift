// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// When a replica writes down a checkpoint, and how fast. All take it after the same instance (protocol §7), and a persistent state
/// can wait: each replica encodes, hashes and stores it in its turn, and spreads the work over that turn. So as long as there is time,
/// the others, a quorum, are undisturbed, and each one's own ordering is disturbed little.
///
/// All turns together take half of the time from one checkpoint to the next, as it was last time: no replica votes further than L
/// beyond what is stable, so a group whose checkpoints are late comes to a stand. What is done in less waits for less: a turn is
/// at most four times as long as the work was last time. Where there is no time for one after the other they overlap, and nobody rests.
struct SnapshotTurns {
    /// A replica's turn, at one checkpoint.
    struct Turn {
        let begin: Instant
        let length: Interval
        /// What it took last time.
        let work: Interval

        private static let restMax = Interval.milliseconds(20)

        /// How long to rest after a bit of the work.
        func rest(after bit: Interval) -> Interval {
            guard length > work, work > .zero else { return .zero }
            return min(Self.restMax, bit * (length.nanoseconds - work.nanoseconds) / work.nanoseconds)
        }
    }

    /// How many replicas have their turn before this one.
    private let rank: UInt64
    private let replicaCount: UInt64
    private var lastTaken: Instant?
    /// From one checkpoint to the next.
    private var period = Interval.zero
    private var lastWork = Interval.zero

    init(rank: Int, replicaCount: Int) {
        precondition(0..<replicaCount ~= rank, "each replica has its turn")
        self.rank = UInt64(rank)
        self.replicaCount = UInt64(replicaCount)
    }

    /// A checkpoint was taken at that time.
    mutating func turn(takenAt now: Instant) -> Turn {
        if let lastTaken { period = now.since(lastTaken) }
        lastTaken = now
        let budget = period / 2
        let share = budget / replicaCount
        if share >= lastWork {
            let length = min(share, lastWork * 4)
            return Turn(begin: now + length * rank, length: length, work: lastWork)
        }
        // The last one is through with it in time, if that can be.
        let spare = Interval(nanoseconds: budget.nanoseconds - min(budget.nanoseconds, lastWork.nanoseconds))
        return Turn(begin: now + spare * rank / max(1, replicaCount - 1), length: lastWork, work: lastWork)
    }

    /// How long it took but for the rests.
    mutating func note(work: Interval) { lastWork = work }
}
