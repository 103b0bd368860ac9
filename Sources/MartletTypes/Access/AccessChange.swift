// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What administrators can do to the table of clients; all of it or nothing (protocol §8).
package enum AccessChange: Hashable, Sendable {
    /// A client that is admitted by name, with limits of its own.
    package struct Grant: Hashable, Sendable {
        package let client: ClientID
        package let limits: ClientLimits

        package init(_ client: ClientID, _ limits: ClientLimits = .none) {
            self.client = client
            self.limits = limits
        }
    }

    /// In one operation.
    package static let clientsMax = 1_024

    /// Who is served of those that nothing was said of.
    case policy(AccessTable.Policy)
    /// By ascending client. Who was admitted before gets other limits, who was expelled is back.
    case admit([Grant])
    /// By ascending client. They are served no more, whatever the policy is and will be.
    case expel([ClientID])
    /// By ascending client. Nothing is said of them any more: the policy decides.
    case forget([ClientID])
    /// Another key of the same client: the first is expelled, and the second has its limits.
    case replace(ClientID, by: ClientID)

    /// Those that it names.
    package var clients: [ClientID] {
        switch self {
        case .policy: []
        case .admit(let grants): grants.map(\.client)
        case .expel(let clients), .forget(let clients): clients
        case .replace(let former, let client): [former, client]
        }
    }

    /// Those that it shuts out by name.
    package var expelled: [ClientID] {
        switch self {
        case .policy, .admit, .forget: []
        case .expel(let clients): clients
        case .replace(let former, _): [former]
        }
    }

    /// What is wrong with it, whatever the table is like; nil when nothing is.
    package var complaint: String? {
        switch self {
        case .policy: return nil
        case .replace(let former, let client):
            return former == client ? "a client's key cannot be replaced by itself" : nil
        case .admit(let grants):
            if let complaint = grants.lazy.compactMap(\.limits.complaint).first { return complaint }
            return Self.complaint(about: clients)
        case .expel, .forget: return Self.complaint(about: clients)
        }
    }

    private static func complaint(about clients: [ClientID]) -> String? {
        guard !clients.isEmpty else { return "it names no client" }
        guard clients.count <= clientsMax else {
            return "one operation names \(clientsMax) clients at most, not \(clients.count)"
        }
        for (client, next) in zip(clients, clients.dropFirst()) where client >= next {
            return client == next
                ? "the client \(client.key) is named twice" : "the clients must be named by ascending key"
        }
        return nil
    }
}

// MARK: - Applying it

extension AccessTable {
    /// The table after the change. Throws with the reason when part of it cannot be done, or would change nothing.
    package func changed(by change: AccessChange) throws(ViewError) -> AccessTable {
        if let complaint = change.complaint { throw ViewError(complaint) }
        var table = self
        switch change {
        case .policy(let next):
            guard next != policy else {
                throw ViewError(
                    "it changes nothing: the group is \(next == .open ? "open" : "for listed clients") already")
            }
            table.policy = next
        case .admit(let grants):
            for grant in grants { try table.admit(grant) }
        case .expel(let clients):
            for client in clients { try table.expel(client) }
        case .forget(let clients):
            for client in clients { try table.forget(client) }
        case .replace(let former, let client): try table.replace(former, by: client)
        }
        guard table.entries.count <= Self.entriesMax else {
            throw ViewError(
                "at most \(Self.entriesMax) clients can be admitted or expelled by name, not \(table.entries.count): "
                    + "forget some that were expelled")
        }
        return table
    }

    private mutating func admit(_ grant: AccessChange.Grant) throws(ViewError) {
        let entry = Entry.admitted(grant.client, grant.limits)
        guard self[grant.client] != entry else {
            throw ViewError("the client \(grant.client.key) is admitted already, with these limits")
        }
        set(entry)
    }

    private mutating func expel(_ client: ClientID) throws(ViewError) {
        let entry = self[client]
        guard entry?.isAdmitted ?? true else { throw ViewError("the client \(client.key) is expelled already") }
        set(.expelled(client))
    }

    private mutating func forget(_ client: ClientID) throws(ViewError) {
        let place = lowerBound(of: client)
        guard place < entries.count, entries[place].client == client else {
            throw ViewError("the client \(client.key) is neither admitted nor expelled by name")
        }
        entries.remove(at: place)
    }

    private mutating func replace(_ former: ClientID, by client: ClientID) throws(ViewError) {
        guard admits(former) else {
            throw ViewError("the client \(former.key), whose key shall be replaced, is not admitted")
        }
        if let entry = self[client] {
            throw ViewError(
                "the key \(client.key), which shall replace another one, is \(entry.isAdmitted ? "admitted" : "expelled") already"
            )
        }
        set(.admitted(client, limits(of: former)))
        set(.expelled(former))
    }

    private mutating func set(_ entry: Entry) {
        let place = lowerBound(of: entry.client)
        if place < entries.count, entries[place].client == entry.client {
            entries[place] = entry
        } else {
            entries.insert(entry, at: place)
        }
    }
}
