// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What the optimiser makes small.
package enum Objective: Hashable, Sendable {
    /// The latency of consensus.
    case consensus
    /// What clients see, on average over all of them.
    case client(ClientModel)
}
