// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How the core stands, for `martlet status` and checkers.
package struct CoreStatus: Hashable, Sendable {
    package let mode: ReplicaMode
    package let view: View
    package let epoch: Epoch
    package let isSynced: Bool
    package let leader: ReplicaID
    package let decided: Instance
    package let executed: Instance
    package let stableCheckpoint: Instance
    package let highestKnown: Instance
    package let pendingRequests: Int
    /// A checkpoint that is being fetched.
    package let transfer: TransferProgress?
    /// All others that the present view lists.
    package let peers: [PeerProgress]
    package let access: AccessSummary
}

/// What a replica has heard of another one.
package struct PeerProgress: Hashable, Sendable {
    package let replica: ReplicaID
    package let isLearner: Bool
    /// The newest instance that it is known to have decided; 0 where nothing was heard of it.
    package let decided: Instance

    package init(replica: ReplicaID, isLearner: Bool, decided: Instance) {
        self.replica = replica
        self.isLearner = isLearner
        self.decided = decided
    }
}
