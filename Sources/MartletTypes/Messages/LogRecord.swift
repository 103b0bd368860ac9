// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What a replica of a durable group writes down, in order, before it acts on it (protocol §7): all that its later behaviour
/// depends on. From its newest snapshot and the records since then it can be made anew.
package enum LogRecord: Hashable, Sendable {
    /// From here on this run of the replica is the one that the group has admitted, or asks to be; 0 is the first start.
    case incarnation(UInt64)
    /// A view that was proved, entered or not.
    case view(ViewCertificate)
    case entered(Epoch)
    /// The SYNC of the epoch that was entered last.
    case synced(Sync)
    /// A batch with its bodies, absent where they only stand in for void requests, under its digest. Before the first vote that
    /// names it.
    case batch(Digest, BatchBody)
    /// This replica's WRITE.
    case wrote(LoggedVote)
    /// This replica's lock and ACCEPT.
    case accepted(LoggedVote)
    /// What was decided, with the ACCEPTs that show it where there are some; their signatures may not have been checked.
    case decided(DecisionCertificate)
    case stable(CheckpointCertificate)

    /// The instance that it tells of; nil for what is about a view or an epoch.
    package var instance: Instance? {
        switch self {
        case .batch(_, let body): body.batch.instance
        case .wrote(let vote), .accepted(let vote): vote.instance
        case .decided(let certificate): certificate.instance
        case .incarnation, .view, .entered, .synced, .stable: nil
        }
    }
}

/// A vote as its sender remembers it.
package struct LoggedVote: Hashable, Sendable {
    package let epoch: Epoch
    package let instance: Instance
    package let digest: Digest

    package init(epoch: Epoch, instance: Instance, digest: Digest) {
        self.epoch = epoch
        self.instance = instance
        self.digest = digest
    }
}

/// How many records a replica had written when something was done: what may leave only once they are durable names it.
/// Counts one run of the replica.
package struct LogPosition: Hashable, Sendable, Comparable {
    package static let start = LogPosition(0)

    package let rawValue: UInt64

    package init(_ rawValue: UInt64) { self.rawValue = rawValue }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
