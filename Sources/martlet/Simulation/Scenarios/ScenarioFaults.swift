// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes

/// The lists of faults, liars and expectations of a scenario file.
struct ScenarioFaults {
    /// Whose replicas, clients and administrators, who stand behind all clients, are known by now.
    let group: Scenario

    func read(_ map: YAMLMap, into scenario: inout Scenario) throws(ConfigurationError) {
        for item in try items(map["linkFaults"]) { scenario.linkFaults.append(try linkFault(item)) }
        for item in try items(map["clientLinkFaults"]) { scenario.clientLinkFaults.append(try clientLinkFault(item)) }
        for item in try items(map["clockFaults"]) { scenario.clockFaults.append(try clockFault(item)) }
        for item in try items(map["replicaFaults"]) { scenario.replicaFaults.append(try replicaFault(item)) }
        for item in try items(map["liars"]) { scenario.liars.append(try liar(item)) }
        for item in try items(map["thieves"]) { scenario.thieves.append(try liar(item)) }
        for item in try items(map["expect"]) { scenario.expectations.append(try expectation(item)) }
    }

    private func items(_ value: YAMLValue?) throws(ConfigurationError) -> [YAMLValue] { try value?.list() ?? [] }

    /// Those that come later, too.
    private var replicas: Int { group.slots }

    // MARK: - Links

    private func linkFault(_ item: YAMLValue) throws(ConfigurationError) -> LinkFault {
        let map = try item.map(of: ["from", "to", "begin", "end", "kind", "lossPermille", "by", "spread", "messages"])
        let messages: [MessageKind]?
        if let value = map["messages"] {
            messages = try value.choices(of: MessageKind.allCases) { $0.rawValue }
        } else {
            messages = nil
        }
        return LinkFault(
            from: try nodes(map.required("from")), to: try nodes(map.required("to")),
            begin: try map["begin"]?.instant() ?? .zero, end: try map["end"]?.instant() ?? .distantFuture,
            kind: try kind(map), messages: messages)
    }

    private func kind(_ map: YAMLMap) throws(ConfigurationError) -> LinkFault.Kind {
        let kind = try map["kind"]?.choice(of: ["cut", "clog", "lossy", "slow"]) { $0 } ?? "cut"
        switch kind {
        case "clog": return .clog
        case "lossy": return .lossy(permille: try map.required("lossPermille").integer(in: 0...1_000))
        case "slow":
            return .slow(by: try map.required("by").interval(), spread: try map["spread"]?.interval() ?? .zero)
        default: return .cut
        }
    }

    /// Replicas by number, clients as in c0, or `all`.
    private func nodes(_ value: YAMLValue) throws(ConfigurationError) -> NodeSet {
        if !value.isList, try value.text() == "all" {
            return NodeSet(group.replicaNodes + group.clients.indices.map(group.node(ofClient:)))
        }
        var nodes: [Int] = []
        for item in try value.list() {
            let text = try item.text()
            let isClient = text.hasPrefix("c")
            let bound = isClient ? group.clientNodes : replicas
            guard let number = Int(isClient ? text.dropFirst() : text[...]), (0..<bound).contains(number) else {
                throw item.error(
                    "'\(text)' is neither a replica (0 to \(replicas - 1)) nor a client (c0 and on, \(group.clients.count) in all)"
                )
            }
            nodes.append(isClient ? group.node(ofClient: number) : group.node(ofReplica: number))
        }
        return NodeSet(nodes)
    }

    private func clientLinkFault(_ item: YAMLValue) throws(ConfigurationError) -> ClientLinkFault {
        let map = try item.map(of: ["client", "replicas", "begin", "end"])
        return ClientLinkFault(
            client: try map.required("client").integer(in: 0...63),
            replicas: NodeSet(try map.required("replicas").integers(in: 0...replicas - 1)),
            begin: try map["begin"]?.instant() ?? .zero, end: try map.required("end").instant())
    }

    // MARK: - Replicas

    private func replica(_ map: YAMLMap) throws(ConfigurationError) -> Int {
        try map.required("replica").integer(in: 0...replicas - 1)
    }

    private func clockFault(_ item: YAMLValue) throws(ConfigurationError) -> ClockFault {
        let map = try item.map(of: ["replica", "at", "driftPermille", "jumpMilliseconds", "standUntil"])
        let kind: ClockFault.Kind
        if let drift = map["driftPermille"] {
            kind = .drift(permille: try drift.integer(in: 1...100_000))
        } else if let jump = map["jumpMilliseconds"] {
            kind = .jump(milliseconds: try jump.integer(in: -4_000_000_000...4_000_000_000))
        } else if let until = map["standUntil"] {
            kind = .stand(until: try until.instant())
        } else {
            throw item.error("a clock fault says one of driftPermille, jumpMilliseconds, standUntil")
        }
        return ClockFault(replica: try replica(map), at: try map.required("at").instant(), kind: kind)
    }

    private func replicaFault(_ item: YAMLValue) throws(ConfigurationError) -> ReplicaFault {
        let map = try item.map(of: [
            "replica", "crashAt", "restartAt", "pauseAt", "resumeAt", "rotsAt", "losesPowerAt", "diskOperations",
            "diskFullAt", "diskFreeAt", "diskStallsAt", "diskSlowAt", "by", "until", "diskDamagedAt", "damageSeenAfter",
            "diskLostAt", "after",
        ])
        let after = try map["after"]?.integer(in: 0...1_000_000) ?? 0
        if let crash = map["crashAt"] {
            let restart = try map["restartAt"]?.instant()
            return ReplicaFault(
                replica: try replica(map), at: try crash.instant(), kind: .crash(restartAt: restart), after: after)
        }
        if let loses = map["losesPowerAt"] {
            let operations = try map["diskOperations"]?.integer(in: 0...1_000_000) ?? 0
            return ReplicaFault(
                replica: try replica(map), at: try loses.instant(),
                kind: .powerLoss(after: operations, restartAt: try map.required("restartAt").instant()), after: after)
        }
        if let full = map["diskFullAt"] {
            return ReplicaFault(
                replica: try replica(map), at: try full.instant(),
                kind: .diskFull(until: try map.required("diskFreeAt").instant()), after: after)
        }
        if let stalls = map["diskStallsAt"] {
            return ReplicaFault(
                replica: try replica(map), at: try stalls.instant(),
                kind: .diskStall(until: try map.required("until").instant()), after: after)
        }
        if let slow = map["diskSlowAt"] {
            return ReplicaFault(
                replica: try replica(map), at: try slow.instant(),
                kind: .diskSlow(by: try map.required("by").interval(), until: try map.required("until").instant()),
                after: after)
        }
        if let damaged = map["diskDamagedAt"] {
            let seen = try map["damageSeenAfter"]?.instant().since(.zero)
            return ReplicaFault(
                replica: try replica(map), at: try damaged.instant(), kind: .diskDamage(seenAfter: seen), after: after)
        }
        if let lost = map["diskLostAt"] {
            return ReplicaFault(replica: try replica(map), at: try lost.instant(), kind: .diskLoss, after: after)
        }
        if let rots = map["rotsAt"] {
            return ReplicaFault(replica: try replica(map), at: try rots.instant(), kind: .rot, after: after)
        }
        return ReplicaFault(
            replica: try replica(map), at: try map.required("pauseAt").instant(),
            kind: .pause(until: try map.required("resumeAt").instant()), after: after)
    }

    private func liar(_ item: YAMLValue) throws(ConfigurationError) -> LiarPlan {
        let map = try item.map(of: ["replica", "kinds", "switchesEvery"])
        let kinds = try map.required("kinds").choices(of: LiarKind.allCases) { $0.rawValue }
        return LiarPlan(
            replica: try replica(map), kinds: kinds, switchesEvery: try map["switchesEvery"]?.interval())
    }

    private func expectation(_ item: YAMLValue) throws(ConfigurationError) -> Expectation {
        let map = try item.map(of: ["what", "min", "max"])
        let expectation = Expectation(
            try map.required("what").text(), min: try map["min"]?.integer(in: 0...Int(Int32.max)) ?? 0,
            max: try map["max"]?.integer(in: 0...Int(Int32.max)))
        if let complaint = expectation.complaint { throw item.error(complaint) }
        return expectation
    }
}
