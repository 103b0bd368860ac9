// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The protocol of one replica, without input or output.
package struct ReplicaCore: ~Copyable {
    package init(_ configuration: CoreConfiguration, at now: ClockReading, into effects: inout Effects) {}

    /// Takes one event and fills the effects.
    package mutating func step(_ event: consuming Event, at now: ClockReading, into effects: inout Effects) {}

    /// When to come back with `Event.deadline` if nothing happens before; nil for never.
    package var nextDeadline: Instant? { nil }

    package var status: CoreStatus { fatalError() }
}

/// How the core stands, for `martlet status` and checkers.
package struct CoreStatus: Hashable, Sendable {
    package let mode: ReplicaMode
    package let epoch: Epoch
    package let isSynced: Bool
    package let leader: ReplicaID
    package let decided: Instance
    package let executed: Instance
    package let stableCheckpoint: Instance
    package let highestKnown: Instance
    package let pendingRequests: Int
}
