// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Holds back clients of which enough waits to be ordered, so that the network slows them down before they need be
/// refused. (Refused at one replica and not at another, a request would be missing when proposed.)
struct ClientFlow {
    private struct Mark {
        var requests: Int
        var bytes: Int

        init(requests: Int, bytes: Int) {
            self.requests = requests
            self.bytes = bytes
        }

        init(shareOf limits: ClientLimits, in settings: GroupSettings) {
            let share = limits.share(in: settings)
            self.init(requests: share.requests, bytes: max(share.bytes, settings.requestBytesMax))
        }

        var doubled: Mark { Mark(requests: 2 * requests, bytes: 2 * bytes) }

        func isExceeded(by pending: (requests: Int, bytes: Int)) -> Bool {
            pending.requests > requests || pending.bytes > bytes
        }
    }

    /// As much as one batch can hold of one client, no less: what a leader proposes next from one connection comes next in
    /// its order, so it is here already or is read now. With less this replica and the leader could wait for each other.
    /// (Those who use one key on several connections have no such order between them.)
    private struct Marks {
        private let settings: GroupSettings
        /// For a client without limits of its own.
        private let usual: Mark

        init(_ settings: GroupSettings) {
            self.settings = settings
            usual = Mark(shareOf: .none, in: settings)
        }

        func of(_ limits: ClientLimits) -> Mark {
            limits == .none ? usual : Mark(shareOf: limits, in: settings)
        }
    }

    private let clients: ClientDirectory
    /// Where a client that is held is read from again; it is held above twice that.
    private var marks: Marks
    private var heard: Set<ClientID> = []
    private(set) var held: [ClientID] = []

    init(clients: ClientDirectory, settings: GroupSettings) {
        self.clients = clients
        marks = Marks(settings)
    }

    /// Another view with other batches.
    mutating func begin(_ settings: GroupSettings) {
        marks = Marks(settings)
    }

    mutating func received(from sender: Principal) {
        guard case .client(let client) = sender else { return }
        heard.insert(client)
    }

    /// Called after the core has taken in what was received.
    mutating func settle(
        limits: (ClientID) -> ClientLimits = { _ in .none }, pending: (ClientID) -> (requests: Int, bytes: Int)
    ) {
        for client in heard where marks.of(limits(client)).doubled.isExceeded(by: pending(client)) {
            // Again, too: it may have come back by another connection.
            clients.hold(client, true)
            if !held.contains(client) { held.append(client) }
        }
        heard.removeAll(keepingCapacity: true)
        guard !held.isEmpty else { return }
        let marks = marks
        held.removeAll { client in
            guard !marks.of(limits(client)).isExceeded(by: pending(client)) else { return false }
            clients.hold(client, false)
            return true
        }
    }
}
