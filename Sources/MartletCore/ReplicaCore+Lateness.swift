// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Seeing who votes late (adaptation §7). Nothing that is decided rests on it; what f+1 members see of one, in reports that were
/// ordered, does.
extension ReplicaCore {
    /// Where nothing is measured nothing is known of when a vote should come.
    var isWatchingVotes: Bool { measuring.schedule.isOn && view.f > 0 }

    /// Another regency or view: what is under way tells nothing of its leader.
    mutating func beginWatchingVotes() {
        lateness.begin(leader: leader, after: keepLimit)
        guard isWatchingVotes else { return }
        drawSecret()
        noteLinks(after: decided)
    }

    /// Which instances are looked at.
    mutating func drawSecret() {
        guard isWatchingVotes, lateness.needsSecret, let secret = measuring.stock.take() else { return }
        lateness.begin(secret: secret, after: keepLimit)
    }

    /// What members report of their links has changed.
    mutating func noteLinks(after instance: Instance) {
        guard isWatchingVotes else { return }
        lateness.note(latencies.reports(beyond: instance - view.settings.calculationPeriod), after: keepLimit)
    }

    /// Votes of this epoch, as far ahead as any are kept; and however far behind: those that are far away vote when the nearer
    /// ones have long decided and forgotten the instance.
    func isTimed(_ epoch: Epoch, _ instance: Instance) -> Bool { epoch == self.epoch && instance <= keepLimit }

    /// From now on the others' votes are due. Who is behind by a window drops what they send.
    mutating func noteOwnVote(at instance: Instance) {
        if !isFarBehind { lateness.noteOwnVote(at: instance, now.monotonic) }
    }
}
