// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// How well a member answers what a replica asks that is behind. Slow and silent are not the same: a correct member over a thin link is
/// slow, and gives what it has all the same.
struct Manners: Sendable {
    private static let slownessMax = 4
    /// Who gives no answer at all to so many questions in a row is not counted on.
    private static let silenceMax = 3

    /// So often its time was too short.
    var slowness = 0
    /// So many questions in a row have had no answer that was of use, nor one to what it was asked.
    var silence = 0
    /// When it was slow last.
    private var at = Instant.zero

    func isPrompt(at now: Instant, patience: Interval) -> Bool { slowness == 0 || now.since(at) >= patience * 8 }

    var isSilent: Bool { silence >= Self.silenceMax }

    /// May yet have what is lacking: one lost answer makes nobody gone.
    var isThere: Bool { silence < 2 }

    func patience(_ base: Interval) -> Interval { base * UInt64(1 << slowness) }

    mutating func missed(at now: Instant) {
        slowness = min(slowness + 1, Self.slownessMax)
        silence += 1
        at = now
    }

    /// In time is what would have done for anybody.
    mutating func answered(at now: Instant, isInTime: Bool) {
        silence = 0
        if isInTime { slowness = 0 } else { at = now }
    }
}
