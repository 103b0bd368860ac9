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

/// One administrator's word for a `Reconfiguration`.
package struct AdministratorShare: Hashable, Sendable {
    package let administrator: PublicKey
    package let signature: Signature

    package init(administrator: PublicKey, signature: Signature) {
        self.administrator = administrator
        self.signature = signature
    }
}

/// An operation of the administrators (protocol §8): what shall follow the view that it names. In any other view it is
/// refused, so that nobody can have it done twice.
package struct Reconfiguration: Hashable, Sendable {
    package let view: ViewNumber
    package let plan: ViewPlan
    /// By ascending key.
    package var shares: [AdministratorShare]

    package init(view: ViewNumber, plan: ViewPlan, shares: [AdministratorShare] = []) {
        self.view = view
        self.plan = plan
        self.shares = shares
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
    package let keys: [PublicKey]
    /// How many of them; 0 where there are none, and then nothing is reconfigured.
    package let needed: Int

    package init(keys: [PublicKey] = [], needed: Int = 0) {
        self.keys = keys
        self.needed = needed
    }
}
