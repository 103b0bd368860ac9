// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

@testable import MartletCore

extension ReplicaCore {
    /// What must not grow, whatever is said.
    func checkBounds() {
        precondition(pool.count <= CoreShape.pendingMax, "pending requests above their limit")
        precondition(vouchesToSend.isEmpty, "vouches stay behind")
        let span = window.end.distance(beyond: window.first)
        // Decided instances stay until a checkpoint covers them; beyond them votes and claims reach so far.
        let spanMax = decided.distance(beyond: window.first) + view.settings.voteLimit + 4 * view.settings.window
        precondition(span <= spanMax + 64, "more instances than can matter")
        var instance = window.first
        while instance < window.end {
            let known = window[instance]
            precondition(known.rounds.count <= ConsensusInstance.roundsMax, "votes of too many regencies")
            precondition(known.writeSet.count <= Self.writeSetMax, "a write set above its limit")
            // Those that somebody needs (decided, locked, proposed, written, pinned) are kept besides.
            precondition(
                known.batches.count <= ConsensusInstance.batchesMax + 4 + known.pinned.count, "batches pile up")
            precondition(known.pinned.count <= view.n * 4, "pinned batches pile up")
            for round in known.rounds { precondition(round.signed.count <= view.n, "signatures pile up") }
            instance = instance.next
        }
    }
}
