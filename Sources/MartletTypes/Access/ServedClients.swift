// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Whom a group serves: the clients that its table admits, and its administrators, who could else shut themselves out and never change
/// anything again. The administrators are those of the view that the next instance belongs to.
package struct ServedClients: Hashable, Sendable {
    package let table: AccessTable
    package let administrators: [PublicKey]

    package init(_ table: AccessTable, administrators: [PublicKey]) {
        self.table = table
        self.administrators = administrators
    }

    package func contains(_ client: ClientID) -> Bool {
        table.admits(client) || administrators.contains(client.key)
    }

    package func limits(of client: ClientID) -> ClientLimits { table.limits(of: client) }

    /// Why the client is not served, for the person who has its key; nil when it is. "It" is the replica that says so. It fits into the
    /// answer to a greeting.
    package func complaint(about client: ClientID) -> String? {
        guard !contains(client) else { return nil }
        if table[client] != nil { return "its administrators have expelled this client's key \(client.key)" }
        return "it serves only clients on its list; for its administrators: martlet admin client add \(client.key)"
    }
}
