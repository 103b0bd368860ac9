// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// A replica that is not there when the group begins. Its slot, which is its id, is the next one after those before it.
package struct NewcomerPlan: Hashable, Sendable {
    /// When its process starts. It dials the others, and is refused until a view lists it.
    package var startsAt: Instant

    package init(startsAt: Instant = .zero) { self.startsAt = startsAt }
}

/// A replica whose program speaks no more than the first version of the protocol, until it is started again after that time.
package struct OldProgram: Hashable, Sendable {
    package static let versions = ProtocolVersions(only: 1)

    package var replica: Int
    package var until: Instant

    package init(replica: Int, until: Instant) {
        self.replica = replica
        self.until = until
    }
}

/// What an administrator wants done to the group, from that time on. It is made anew, with the next number, when another operation was
/// done first; and given up once it would change nothing any more, or cannot be.
package struct ChangePlan: Hashable, Sendable {
    /// Replicas are named by their slots.
    package enum Change: Hashable, Sendable {
        case add(Int)
        case replace(Int, by: Int)
        /// Whoever leads first in the newest view.
        case replaceLeader(by: Int)
        /// A member, or a learner that is given up.
        case remove(Int)
        case tolerate(Int)
        /// The replica gets another key, and starts again with it once the group knows.
        case rotateKey(Int)
        /// Both administrators, so many of which must sign.
        case administer(needed: Int)
        /// The newest version of the protocol that the program speaks.
        case upgrade
        /// A client, by its number, is admitted by name.
        case admit(Int)
        case expel(Int)
        /// Anyone that is not expelled, or only those that are admitted by name.
        case serve(anyone: Bool)
    }

    package var at: Instant
    package var change: Change
    /// Which of the administrators makes it: 0, or 1, who does not wait for the other.
    package var administrator: Int
    /// It is made only once every learner has become a member.
    package var waits: Bool

    package init(at: Instant, _ change: Change, administrator: Int = 0, waits: Bool = true) {
        self.at = at
        self.change = change
        self.administrator = administrator
        self.waits = waits
    }
}

extension ChangePlan.Change {
    /// Whoever is named in it.
    package var slots: [Int] {
        switch self {
        case .add(let slot), .replaceLeader(let slot), .remove(let slot), .rotateKey(let slot): [slot]
        case .replace(let slot, let other): [slot, other]
        case .tolerate, .administer, .upgrade, .admit, .expel, .serve: []
        }
    }

    /// The client that is named in it.
    package var client: Int? {
        switch self {
        case .admit(let client), .expel(let client): client
        case .add, .replace, .replaceLeader, .remove, .tolerate, .rotateKey, .administer, .upgrade, .serve: nil
        }
    }

    /// Whether it is about clients, not about replicas.
    package var isOfClients: Bool {
        switch self {
        case .admit, .expel, .serve: true
        case .add, .replace, .replaceLeader, .remove, .tolerate, .rotateKey, .administer, .upgrade: false
        }
    }
}

extension Scenario {
    /// Replicas that are there from the beginning or come later.
    package var slots: Int { n + newcomers.count }
    /// Whether some client may be turned away at some time.
    package var mayDeny: Bool { listedClients != nil || changes.contains { $0.change.isOfClients } }
    package var hasChanges: Bool { !changes.isEmpty || !newcomers.isEmpty }

    package var administrators: Int {
        if changes.contains(where: { $0.administrator > 0 || $0.isAdministration }) { return 2 }
        return reconfigurations.isEmpty && changes.isEmpty ? 0 : 1
    }

    /// Nodes of the network: the founders, clients and administrators from 0 on, those that come later from the other end.
    package func node(ofReplica slot: Int) -> Int { slot < n ? slot : NodeSet.nodesMax - 1 - (slot - n) }
    package func node(ofClient client: Int) -> Int { n + client }
    package var nodes: Int { slots + clientNodes }
    package var replicaNodes: [Int] { (0..<slots).map(node(ofReplica:)) }
}

extension ChangePlan {
    fileprivate var isAdministration: Bool { if case .administer = change { true } else { false } }
}
