// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Whether those that keep decisions for this replica bring it nearer to the others. All of them may be liars that answer with as
/// little as will do, and while they are counted on no newer state is taken. By how much is not asked of them by the answer: a correct
/// one may be slow, or the group fast. So they have twice as long each time.
struct KeeperTrial: Sendable {
    private static let failuresMax = 6

    private var mark: (gap: Int, at: Instant)?
    private var failures = 0

    /// Others, or it was not their fault.
    mutating func restart() { mark = nil }

    mutating func succeed() {
        mark = nil
        failures = 0
    }

    /// False once in a while: the gap has not become an eighth smaller in that time.
    mutating func isWon(gap: Int, at now: Instant, period: Interval) -> Bool {
        guard let mark else {
            self.mark = (gap, now)
            return true
        }
        if gap == 0 {
            self.mark = nil
            return true
        }
        guard now.since(mark.at) >= period * UInt64(1 << failures) else { return true }
        self.mark = (gap, now)
        if gap + max(1, mark.gap / 8) <= mark.gap { return true }
        failures = min(failures + 1, Self.failuresMax)
        return false
    }
}
