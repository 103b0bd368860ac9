// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Holds back clients of which enough waits to be ordered, so that the network slows them down and nothing of theirs need
/// be refused. (Refused at one replica and not at another, it would be missing when proposed.)
struct ClientFlow {
    private let clients: ClientDirectory
    private let holdsAbove: Int
    /// As many as one batch can hold, no less: what a leader proposes next of a client comes next in its order, so it is
    /// here already or is read now. With less this replica and the leader could wait for each other.
    private let readsAgainAt: Int
    private var heard: Set<ClientID> = []
    private var held: [ClientID] = []

    init(clients: ClientDirectory, batchRequestsMax: Int) {
        self.clients = clients
        holdsAbove = 2 * batchRequestsMax
        readsAgainAt = batchRequestsMax
    }

    mutating func received(from sender: Principal) {
        guard case .client(let client) = sender else { return }
        heard.insert(client)
    }

    /// Called after the core has taken in what was received. Whoever is held is read again when half of it is ordered.
    mutating func settle(pending: (ClientID) -> Int) {
        for client in heard where pending(client) > holdsAbove {
            // Again, too: it may have come back by another connection.
            clients.hold(client, true)
            if !held.contains(client) { held.append(client) }
        }
        heard.removeAll(keepingCapacity: true)
        guard !held.isEmpty else { return }
        held.removeAll { client in
            guard pending(client) <= readsAgainAt else { return false }
            clients.hold(client, false)
            return true
        }
    }
}
