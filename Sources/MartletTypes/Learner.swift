// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A replica that joins a group (protocol §8): it follows, without a vote, until it is close behind and asks to be admitted as a member.
package struct Learner: Hashable, Sendable {
    /// The most that a view lists.
    package static let countMax = 16

    /// As which it will be listed; never heavy.
    package let member: Member
    /// The member that leaves when this one is admitted; nil when nobody does.
    package let replaced: ReplicaID?

    package init(_ member: Member, replacing replaced: ReplicaID? = nil) {
        self.member = member
        self.replaced = replaced
    }
}
