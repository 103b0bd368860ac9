// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What the views that are known say of one replica, member or learner (protocol §8).
package struct ReplicaListing: Hashable, Sendable {
    /// A key that the replica had before.
    package struct FormerKey: Hashable, Sendable {
        package let key: PublicKey
        /// The view that lists another one instead.
        package let replaced: ViewNumber

        package init(key: PublicKey, replaced: ViewNumber) {
            self.key = key
            self.replaced = replaced
        }
    }

    /// So many are remembered, for whoever comes with an old one to be told so.
    package static let formerKeysMax = 8

    /// As the newest view that lists it does.
    package private(set) var member: Member
    /// The newest view that lists it.
    package private(set) var view: ViewNumber
    /// The newest last.
    package private(set) var formerKeys: [FormerKey] = []

    package init(_ member: Member, in view: ViewNumber) {
        self.member = member
        self.view = view
    }

    /// A later view lists it, too.
    package mutating func note(_ member: Member, in view: ViewNumber) {
        if member.key != self.member.key {
            formerKeys.append(FormerKey(key: self.member.key, replaced: view))
            if formerKeys.count > Self.formerKeysMax { formerKeys.removeFirst() }
        }
        self.member = member
        self.view = view
    }

    /// The view that has replaced this key of the replica; nil when it never had it, or has it.
    package func replacement(of key: PublicKey) -> ViewNumber? {
        key == member.key ? nil : formerKeys.last { $0.key == key }?.replaced
    }
}
