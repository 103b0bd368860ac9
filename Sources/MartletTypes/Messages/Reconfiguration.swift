// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What may differ from one view to the next while the members stay.
package struct ViewPlan: Hashable, Sendable {
    /// By ascending id.
    package let heavy: [ReplicaID]
    /// Each member once.
    package let leaderOrder: [ReplicaID]
    package let settings: GroupSettings

    package init(heavy: [ReplicaID], leaderOrder: [ReplicaID], settings: GroupSettings) {
        self.heavy = heavy
        self.leaderOrder = leaderOrder
        self.settings = settings
    }
}

/// What administrators can do to a group (protocol §8).
package enum GroupOperation: Hashable, Sendable {
    /// Who is heavy, who leads in which order, and the settings.
    case arrange(ViewPlan)
    /// Another replica follows, with an id that was never given, until it is admitted; it may replace a member then.
    case add(Learner)
    /// A member, or a learner, leaves.
    case remove(ReplicaID)
    /// So many faults of that kind; the heavy members follow from it.
    case tolerate(FaultModel, f: Int)
    /// The member or learner of that id has another key or address. Its weight stays as it is.
    case update(Member)
    /// Other administrators.
    case administer(Administration)
    /// The group speaks this version of the protocol from then on, which all members must have said that they can.
    case upgrade(UInt16)
    /// Other clients are served. The table is not the view's: the next view is like this one.
    case access(AccessChange)
}

/// One administrator's word for a `Reconfiguration`.
package struct AdministratorShare: Hashable, Sendable {
    package let administrator: PublicKey
    package let signature: Signature

    package init(administrator: PublicKey, signature: Signature) {
        self.administrator = administrator
        self.signature = signature
    }
}

/// An operation of the administrators, as they sign it (protocol §8). It is done once, in the view that it names or a later one, if no other
/// operation was done in the meantime.
package struct Reconfiguration: Hashable, Sendable {
    /// The newest view that its author knew.
    package let view: ViewNumber
    /// One more than that of the last operation (`View.lastOperation`).
    package let number: OperationNumber
    package let operation: GroupOperation
    /// By ascending key.
    package var shares: [AdministratorShare]

    package init(
        view: ViewNumber, number: OperationNumber, operation: GroupOperation, shares: [AdministratorShare] = []
    ) {
        self.view = view
        self.number = number
        self.operation = operation
        self.shares = shares
    }

    /// The next operation after that view.
    package init(after view: View, _ operation: GroupOperation, shares: [AdministratorShare] = []) {
        self.init(view: view.number, number: view.lastOperation.next, operation: operation, shares: shares)
    }
}

/// What became of a reconfiguration, equal at all replicas.
package enum ReconfigurationResult: Hashable, Sendable {
    /// The view with this number follows.
    case follows(ViewNumber)
    /// With the reason in words.
    case refused(String)
}

/// Whose signatures a reconfiguration needs.
package struct Administration: Hashable, Sendable {
    package static let keysMax = 128

    package let keys: [PublicKey]
    /// How many of them; 0 where there are none, and then nothing is reconfigured.
    package let needed: Int

    package init(keys: [PublicKey] = [], needed: Int = 0) {
        self.keys = keys
        self.needed = needed
    }

    /// Says what is wrong with it; nil when nothing is.
    package var complaint: String? {
        guard keys.count <= Self.keysMax else {
            return "a group has at most \(Self.keysMax) administrators, not \(keys.count)"
        }
        guard keys.isEmpty ? needed == 0 : (1...keys.count).contains(needed) else {
            return "\(needed) of \(keys.count) administrators cannot be asked for"
        }
        return Set(keys).count == keys.count ? nil : "an administrator's key is listed twice"
    }

    /// Why these do not suffice, by their keys alone; nil when they do. More than are needed must be of administrators too.
    package func complaint(about shares: [AdministratorShare]) -> String? {
        guard needed > 0 else { return "the group has no administrators" }
        if let stranger = shares.first(where: { !keys.contains($0.administrator) }) {
            return "the key \(stranger.administrator) is no administrator's of the group"
        }
        let count = Set(shares.map(\.administrator)).count
        guard count == shares.count else { return "an administrator has signed it twice" }
        return count >= needed ? nil : "\(count) of the administrators have signed it, but \(needed) must"
    }
}
