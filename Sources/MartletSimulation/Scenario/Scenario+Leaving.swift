// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// A scenario without one of its nodes: those after it move up, and what concerned it alone is gone.
extension Scenario {
    package func without(client: Int) -> Scenario {
        var smaller = self
        smaller.clients.remove(at: client)
        smaller.listedClients = listedClients?.filter { $0 != client }.map { $0 > client ? $0 - 1 : $0 }
        smaller.changes = changes.compactMap { $0.without(client: client) }
        smaller.clientLinkFaults = clientLinkFaults.compactMap { fault in
            guard fault.client != client else { return nil }
            return ClientLinkFault(
                client: fault.client > client ? fault.client - 1 : fault.client, replicas: fault.replicas,
                begin: fault.begin, end: fault.end)
        }
        smaller.take(node: n + client, from: self)
        return smaller
    }

    /// Nil where nobody comes later.
    package func withoutLastNewcomer() -> Scenario? {
        guard !newcomers.isEmpty else { return nil }
        var smaller = self
        let gone = slots - 1
        smaller.changes.removeAll { $0.change.slots.contains(gone) }
        smaller.thieves.removeAll { $0.replica == gone }
        smaller.oldPrograms.removeAll { $0.replica == gone }
        smaller.newcomers.removeLast()
        smaller.replicaFaults.removeAll { $0.replica == gone }
        smaller.clockFaults.removeAll { $0.replica == gone }
        smaller.liars.removeAll { $0.replica == gone }
        return smaller
    }

    package func withoutLastReplica() -> Scenario {
        var smaller = self
        smaller.n -= 1
        let gone = smaller.n
        smaller.leaders.removeAll { $0 == gone }
        smaller.changes.removeAll { $0.change.slots.contains(gone) }
        smaller.thieves.removeAll { $0.replica == gone }
        smaller.oldPrograms.removeAll { $0.replica == gone }
        // Fewer may be heavy now: the seed chooses.
        smaller.heavy = []
        smaller.replicaFaults.removeAll { $0.replica == gone }
        smaller.clockFaults.removeAll { $0.replica == gone }
        smaller.liars.removeAll { $0.replica == gone }
        smaller.clientLinkFaults = clientLinkFaults.compactMap { fault in
            let rest = fault.replicas.nodes.filter { $0 != gone }
            guard !rest.isEmpty else { return nil }
            return ClientLinkFault(
                client: fault.client, replicas: NodeSet(rest), begin: fault.begin, end: fault.end)
        }
        smaller.take(node: gone, from: self)
        return smaller
    }

    /// Links and regions, which are told by node.
    private mutating func take(node gone: Int, from whole: Scenario) {
        func rest(_ nodes: NodeSet) -> NodeSet {
            NodeSet(nodes.nodes.filter { $0 != gone }.map { $0 > gone ? $0 - 1 : $0 })
        }
        linkFaults = whole.linkFaults.compactMap { fault in
            let (from, to) = (rest(fault.from), rest(fault.to))
            guard !from.nodes.isEmpty, !to.nodes.isEmpty else { return nil }
            return LinkFault(
                from: from, to: to, begin: fault.begin, end: fault.end, kind: fault.kind, messages: fault.messages)
        }
        if placement.indices.contains(gone) { placement.remove(at: gone) }
    }
}

extension ChangePlan {
    /// Nil when it is about that client; those after it move up.
    fileprivate func without(client gone: Int) -> ChangePlan? {
        guard let client = change.client else { return self }
        guard client != gone else { return nil }
        var moved = self
        let place = client > gone ? client - 1 : client
        if case .admit = change { moved.change = .admit(place) } else { moved.change = .expel(place) }
        return moved
    }
}
