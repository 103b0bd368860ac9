// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Synchronization

/// Whether this replica votes at the moment, for those stages that do not own the core.
final class VotingState: Sendable {
    private let state: Atomic<Bool>

    init(_ mode: ReplicaMode) { state = Atomic(mode == .voter) }

    var isVoter: Bool { state.load(ordering: .relaxed) }

    func note(isVoter: Bool) {
        if self.isVoter != isVoter { state.store(isVoter, ordering: .relaxed) }
    }
}
