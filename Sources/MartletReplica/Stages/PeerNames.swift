// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Synchronization

/// Whom the core speaks with, for those stages that do not own it.
final class PeerNames: Sendable {
    private let names = Mutex<Set<ReplicaID>>([])

    func contains(_ replica: ReplicaID) -> Bool { names.withLock { $0.contains(replica) } }

    /// By the ordering thread alone.
    func note(_ audience: [Member]) {
        let new = Set(audience.map(\.id))
        names.withLock { $0 = new }
    }
}
