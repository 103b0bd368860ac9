// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletSimulation
import MartletTypes

enum LiarScenarios {
    /// Enough happens that each liar has something to lie about: the first two leaders come to lead, one replica falls
    /// behind and fetches, messages are lost.
    static func eventful(_ kinds: [LiarKind], replica: Int, seed: UInt64) -> Scenario {
        var scenario = Scenarios.calm()
        scenario.seed = seed
        scenario.liars = [LiarPlan(replica: replica, kinds: kinds)]
        let isMeasured = !Set(kinds).isDisjoint(with: [.latencyLiar, .sluggishVoter, .falseNeighbour])
        scenario.settings.measuringPermille = isMeasured ? 500 : 0
        scenario.timeouts.report = .milliseconds(50)
        scenario.links.lossPermille = 30
        scenario.healsAt = Instant.zero + .milliseconds(600)
        scenario.clientsUntil = scenario.healsAt
        for place in scenario.clients.indices { scenario.clients[place].operationsMax = 300 }
        scenario.linkFaults += cut(3, from: [0, 1, 2], begin: 50, end: 200)
        // The leader is cut off for a while: a leader change.
        scenario.linkFaults += cut(0, from: [1, 2, 3], begin: 250, end: 500)
        let change: ChangePlan.Change? =
            if kinds.contains(.formerMember) {
                // Who is to lie on once it has been removed has to be removed.
                .replace(replica, by: scenario.slots)
            } else if kinds.contains(.outcastLeader) {
                .expel(1)
            } else {
                nil
            }
        if let change { plan(change, in: &scenario) }
        return scenario
    }

    /// With time for it to be done, and for what comes after.
    private static func plan(_ change: ChangePlan.Change, in scenario: inout Scenario) {
        if !change.isOfClients { scenario.newcomers = [NewcomerPlan()] }
        scenario.timeouts.farewell = .milliseconds(200)
        scenario.healsAt = Instant.zero + .milliseconds(1_200)
        scenario.clientsUntil = scenario.healsAt
        for place in scenario.clients.indices { scenario.clients[place].operationsMax = 1_000 }
        scenario.changes = [ChangePlan(at: Instant.zero + .milliseconds(100), change)]
    }

    private static func cut(_ replica: Int, from others: [Int], begin: UInt64, end: UInt64) -> [LinkFault] {
        [([replica], others), (others, [replica])].map { from, to in
            LinkFault(
                from: NodeSet(from), to: NodeSet(to), begin: Instant.zero + .milliseconds(begin),
                end: Instant.zero + .milliseconds(end))
        }
    }
}
