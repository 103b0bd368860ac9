// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletTypes

/// Counts the time that a checkpoint takes and rests in between, a bit of the work at a time. Used by one thread.
final class SnapshotPace {
    private static let step = Interval.microseconds(250)

    private let turn: SnapshotTurns.Turn
    private let end: Instant
    /// Whether nobody waits for the end.
    private let mayRest: () -> Bool
    private var begin = SystemClock.monotonic
    /// Up to the last rest.
    private var worked = Interval.zero

    init(_ turn: SnapshotTurns.Turn, mayRest: @escaping () -> Bool) {
        self.turn = turn
        self.mayRest = mayRest
        end = begin + turn.length
    }

    /// So far, but for the rests.
    var work: Interval { worked + SystemClock.monotonic.since(begin) }

    /// Called often. Rests when it is time to, until the turn is over.
    func rest() {
        let now = SystemClock.monotonic
        let work = now.since(begin)
        guard work >= Self.step else { return }
        (worked, begin) = (worked + work, now)
        let rest = turn.rest(after: work)
        guard rest > .zero, now < end, mayRest() else { return }
        Thread.sleep(forTimeInterval: TimeInterval(rest.nanoseconds) / 1e9)
        begin = SystemClock.monotonic
    }
}
