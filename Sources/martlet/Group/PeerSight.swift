// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What one replica says of another one.
struct PeerSight: Hashable {
    /// Who says so.
    let witness: ReplicaID
    let replica: ReplicaID
    /// The newest instance that the other one is known to have decided; 0 where it has not told.
    let decided: Instance
    /// For how many seconds it could not be reached; nil while there is a connection to it.
    let unreachableSeconds: UInt32?
}
