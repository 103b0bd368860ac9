// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

@testable import MartletCore

extension ReplicaCore {
    /// What must not grow, whatever is said.
    func checkBounds() {
        hold(pool.count <= CoreShape.pendingMax, "pending requests above their limit")
        hold(vouchesToSend.isEmpty, "vouches stay behind")
        hold(held(.installs) <= view.n, "words on the next view pile up")
        hold(held(.earlyMessagesOfOneMember) <= 3 * view.settings.window, "early messages pile up")
        hold(held(.challengesOfOneMember) <= 2 * SampleWindow.kept, "challenges pile up")
        hold(held(.checkpointVotes) <= 4 * view.n, "votes for checkpoints pile up")
        hold(measuring.stock.count <= measuring.stock.capacity, "more random numbers than asked for")
        hold(calculationHistory.count <= AdaptationReport.calculationsMax, "calculations are remembered for ever")
        let span = window.end.distance(beyond: window.first)
        // Decided instances stay until a checkpoint covers them; beyond them votes and claims reach so far.
        let spanMax = decided.distance(beyond: window.first) + view.settings.voteLimit + 4 * view.settings.window
        hold(span <= spanMax + 64, "more instances than can matter")
        var instance = window.first
        while instance < window.end {
            let known = window[instance]
            hold(known.rounds.count <= ConsensusInstance.roundsMax, "votes of too many regencies")
            hold(known.writeSet.count <= Self.writeSetMax, "a write set above its limit")
            // Those that somebody needs (decided, locked, proposed, written, pinned) are kept besides.
            hold(
                known.batches.count <= ConsensusInstance.batchesMax + 4 + known.pinned.count, "batches pile up")
            hold(known.pinned.count <= view.n * 4, "pinned batches pile up")
            for round in known.rounds { hold(round.signed.count <= view.n, "signatures pile up") }
            instance = instance.next
        }
    }
}
