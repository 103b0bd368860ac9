// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Scenarios with names: one for each way in which an existing system fails, as far as a world can drive it, and some of
/// wide areas and of what the generator draws rarely. Each says what must occur in it, so that it cannot pass by missing
/// what it is for.
package enum StockScenarios {
    package static var all: [Scenario] {
        regressions + liars + clients + transfer + wideArea + adaptation + unsteady + rejoining + members + access
            + disks
            + beyond
    }

    package static func named(_ name: String) -> Scenario? { all.first { $0.name == name } }

    // MARK: - What they have in common

    /// Short timeouts, two clients, no faults.
    static func calm(_ name: String, _ about: String) -> Scenario {
        var scenario = Scenario(seed: 1)
        scenario.name = name
        scenario.about = about
        scenario.timeouts.requestMin = .milliseconds(50)
        scenario.timeouts.requestMax = .milliseconds(800)
        scenario.timeouts.resend = .milliseconds(20)
        scenario.timeouts.missingRequest = .milliseconds(3)
        scenario.timeouts.progress = .milliseconds(50)
        scenario.timeouts.fetch = .milliseconds(50)
        scenario.timeouts.probe = .milliseconds(50)
        scenario.timeouts.strict = .milliseconds(300)
        scenario.timeouts.rejoin = .milliseconds(50)
        scenario.settings.rejoinMilliseconds = 100
        scenario.settings.window = 4
        scenario.settings.checkpointPeriod = 8
        scenario.settings.batchRequestsMax = 4
        var client = ClientPlan()
        client.operationsMin = 40
        client.operationsMax = 300
        client.pipeline = 2
        scenario.clients = [client, client]
        scenario.healsAt = ms(600)
        scenario.clientsUntil = ms(600)
        return scenario
    }

    static func ms(_ milliseconds: UInt64) -> Instant { .zero + .milliseconds(milliseconds) }

    static func change(_ scenario: Scenario, _ change: (inout Scenario) -> Void) -> Scenario {
        var scenario = scenario
        change(&scenario)
        return scenario
    }
}

extension Scenario {
    var everyone: [Int] { Array(0..<n + clients.count) + replicaNodes.filter { $0 >= n } }

    /// Nothing gets from or to these nodes.
    mutating func isolate(_ nodes: [Int], from begin: UInt64, to end: UInt64) {
        let replicas = nodes.map { $0 < n || newcomers.isEmpty ? $0 : node(ofReplica: $0) }
        let (inside, outside) = (NodeSet(replicas), NodeSet(everyone.filter { !replicas.contains($0) }))
        for (from, to) in [(inside, outside), (outside, inside)] {
            linkFaults.append(
                LinkFault(from: from, to: to, begin: StockScenarios.ms(begin), end: StockScenarios.ms(end)))
        }
    }

    mutating func trouble(
        _ kind: LinkFault.Kind, _ messages: [MessageKind]?, reaching receivers: [Int]? = nil, from begin: UInt64,
        to end: UInt64
    ) {
        linkFaults.append(
            LinkFault(
                from: NodeSet(everyone), to: NodeSet(receivers ?? everyone), begin: StockScenarios.ms(begin),
                end: StockScenarios.ms(end), kind: kind, messages: messages))
    }

    mutating func crash(_ replica: Int, at: UInt64, restart: UInt64? = nil) {
        let back = restart.map { StockScenarios.ms($0) }
        replicaFaults.append(
            ReplicaFault(replica: replica, at: StockScenarios.ms(at), kind: .crash(restartAt: back)))
    }

    mutating func expect(_ what: String, min: Int = 1, max: Int? = nil) {
        expectations.append(Expectation(what, min: min, max: max))
    }
}
