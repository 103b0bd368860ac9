// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The name of a connection at its listener: 1, 2, 3 and so on in the order of acceptance.
package struct ConnectionID: DistinctNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Who holds how many connections of a listener: a pure value that applies the limits of protocol §9.
///
/// Strangers cannot keep principals out: unfinished connections are counted apart, and a flood of them drives out only
/// its own oldest. Clients cannot keep replicas out: replicas are few, and limited each by itself.
struct ConnectionTable {
    enum Verdict: Hashable {
        case accepted
        /// Accepted, and this older connection must go.
        case acceptedInsteadOf(ConnectionID)
        /// Too many already; the reason is for the peer to read.
        case refused(String)
    }

    private let unfinishedMax: Int
    private let clientsMax: Int
    private let perClientMax: Int
    private let perReplicaMax: Int
    /// Oldest first.
    private var unfinished: [ConnectionID] = []
    private var clientKeys: [ConnectionID: PublicKey] = [:]
    private var countsByClient: [PublicKey: Int] = [:]
    /// Oldest first. Few: the members of a view.
    private var replicas: [(id: ConnectionID, key: PublicKey)] = []

    init(_ configuration: TransportConfiguration) {
        unfinishedMax = configuration.unfinishedConnectionsMax
        clientsMax = configuration.clientConnectionsMax
        perClientMax = configuration.connectionsPerClientMax
        perReplicaMax = configuration.connectionsPerReplicaMax
    }

    /// A stranger's connection arrived. Returns the one that must make room for it.
    mutating func admitUnfinished(_ id: ConnectionID) -> ConnectionID? {
        unfinished.append(id)
        return unfinished.count > unfinishedMax ? unfinished.removeFirst() : nil
    }

    mutating func finishClient(_ id: ConnectionID, key: PublicKey) -> Verdict {
        guard clientKeys.count < clientsMax else { return .refused("it has \(clientsMax) client connections already") }
        let count = countsByClient[key, default: 0]
        guard count < perClientMax else { return .refused("this client has \(perClientMax) connections already") }
        unfinished.removeAll { $0 == id }
        clientKeys[id] = key
        countsByClient[key] = count + 1
        return .accepted
    }

    mutating func finishReplica(_ id: ConnectionID, key: PublicKey) -> Verdict {
        unfinished.removeAll { $0 == id }
        let oldest = replicas.firstIndex { $0.key == key }
        let count = replicas.count { $0.key == key }
        replicas.append((id, key))
        guard let oldest, count >= perReplicaMax else { return .accepted }
        return .acceptedInsteadOf(replicas.remove(at: oldest).id)
    }

    mutating func remove(_ id: ConnectionID) {
        unfinished.removeAll { $0 == id }
        replicas.removeAll { $0.id == id }
        guard let key = clientKeys.removeValue(forKey: id), let count = countsByClient[key] else { return }
        countsByClient[key] = count > 1 ? count - 1 : nil
    }

    var unfinishedCount: Int { unfinished.count }
    var clientCount: Int { clientKeys.count }
    var replicaCount: Int { replicas.count }
}
