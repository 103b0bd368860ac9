// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Which clients a group serves, by their keys (protocol §4): replicated state, which administrators' operations change (§8). Their own
/// keys need not be in it (`ServedClients`).
package struct AccessTable: Hashable, Sendable {
    package enum Policy: UInt8, Hashable, Sendable, CaseIterable {
        /// Anyone with a key that is not expelled.
        case open = 1
        /// Those only that were admitted by name.
        case listed = 2
    }

    /// What was said of one client.
    package struct Entry: Hashable, Sendable {
        package let client: ClientID
        /// Otherwise it is expelled, whatever the policy is.
        package let isAdmitted: Bool
        /// None of one that is expelled.
        package let limits: ClientLimits

        package static func admitted(_ client: ClientID, _ limits: ClientLimits = .none) -> Entry {
            Entry(client: client, isAdmitted: true, limits: limits)
        }

        package static func expelled(_ client: ClientID) -> Entry {
            Entry(client: client, isAdmitted: false, limits: .none)
        }
    }

    package static let entriesMax = Genesis.allowedClientsMax
    package static let open = AccessTable(policy: .open, entries: [])

    package internal(set) var policy: Policy
    /// By ascending client.
    package internal(set) var entries: [Entry]

    /// The entries ascend.
    package init(policy: Policy, entries: [Entry]) {
        self.policy = policy
        self.entries = entries
    }

    /// What a group begins with.
    package init(_ access: ClientAccess) {
        switch access {
        case .open: self = .open
        case .allowList(let keys):
            self.init(policy: .listed, entries: keys.map { .admitted(ClientID($0)) }.sorted { $0.client < $1.client })
        }
    }

    package func admits(_ client: ClientID) -> Bool {
        guard !entries.isEmpty else { return policy == .open }
        return self[client]?.isAdmitted ?? (policy == .open)
    }

    package func limits(of client: ClientID) -> ClientLimits { self[client]?.limits ?? .none }

    /// Nil for whom nothing was said of.
    package subscript(client: ClientID) -> Entry? {
        let place = lowerBound(of: client)
        return place < entries.count && entries[place].client == client ? entries[place] : nil
    }

    /// Where it stands, or would stand.
    func lowerBound(of client: ClientID) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].client < client { low = middle + 1 } else { high = middle }
        }
        return low
    }

    package var summary: AccessSummary {
        let admitted = entries.count(where: \.isAdmitted)
        return AccessSummary(
            policy: policy, admitted: UInt32(admitted), expelled: UInt32(entries.count - admitted))
    }
}

/// What a replica tells of the table to whoever asks how it is.
package struct AccessSummary: Hashable, Sendable {
    package let policy: AccessTable.Policy
    /// By name.
    package let admitted: UInt32
    package let expelled: UInt32

    package init(policy: AccessTable.Policy, admitted: UInt32, expelled: UInt32) {
        self.policy = policy
        self.admitted = admitted
        self.expelled = expelled
    }
}
