// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClientCore
package import MartletTypes

/// A client's connections: to those that its core wants to speak with, as far as they can be reached under the keys that it knows of
/// them.
struct FollowedLinks {
    private var wanted: [Member]
    /// Who can be reached, under which key, and the newest view that it knows.
    private var reachable: [ReplicaID: (key: PublicKey, view: ViewNumber)] = [:]
    private var isStarted = false

    init(_ view: View) {
        wanted = view.members
        for member in view.members { reachable[member.id] = (member.key, view.number) }
    }

    func isUp(_ id: ReplicaID) -> Bool {
        guard let there = reachable[id] else { return false }
        return wanted.contains { $0.id == id && $0.key == there.key }
    }

    /// What the core is told at the beginning.
    mutating func start() -> [ClientEvent] {
        isStarted = true
        return wanted.compactMap(up)
    }

    /// The world says that this replica can be reached, or cannot.
    mutating func changed(_ id: ReplicaID, _ link: ClientLink) -> [ClientEvent] {
        switch link {
        case .up(let key, let view):
            reachable[id] = (key, view)
            return isStarted ? wanted.filter { $0.id == id }.compactMap(up) : []
        case .down:
            let wasUp = isUp(id)
            reachable[id] = nil
            return isStarted && wasUp ? [.linkDown(id)] : []
        }
    }

    /// The core wants these from here on: a link to another key is another link.
    mutating func follow(_ audience: [Member]) -> [ClientEvent] {
        let before = wanted
        wanted = audience
        guard isStarted else { return [] }
        var events: [ClientEvent] = []
        for member in audience {
            let known = before.first { $0.id == member.id }
            if known?.key == member.key { continue }
            if known != nil { events.append(.linkDown(member.id)) }
            if let event = up(member) { events.append(event) }
        }
        return events
    }

    private func up(_ member: Member) -> ClientEvent? {
        guard let there = reachable[member.id], there.key == member.key else { return nil }
        return .linkUp(member.id, view: there.view)
    }
}

/// How a client's connection to a replica stands.
package enum ClientLink: Sendable {
    /// Whose key is at its end, and the newest view that it knows.
    case up(PublicKey, ViewNumber)
    case down
}
