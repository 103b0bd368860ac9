// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Clients that are admitted and expelled while all the rest goes on; drawn apart, so that all else stays as it was drawn before.
extension ScenarioGenerator {
    mutating func makeAccess() {
        var chance = SeededRandom(seed: scenario.seed ^ 0xACCE_5500_0000_0000)
        guard !scenario.isBeyond, !scenario.changes.isEmpty, scenario.clients.count > 1, chance.chance(permille: 500)
        else { return }
        let before = scenario
        let client = chance.below(scenario.clients.count)
        let at = chance.instant(from: .zero, to: scenario.healsAt)
        let isListed = chance.chance(permille: 300)
        if isListed { scenario.listedClients = Array(0..<scenario.clients.count) }
        plan(isListed && chance.chance(permille: 300) ? .serve(anyone: true) : .expel(client), at)
        if chance.chance(permille: 400) {
            plan(.serve(anyone: isListed), chance.instant(from: at, to: scenario.healsAt))
        }
        if chance.chance(permille: 600) { plan(.admit(client), chance.instant(from: at, to: scenario.healsAt)) }
        if chance.chance(permille: 500) {
            for place in scenario.liars.indices { scenario.liars[place].kinds.append(.outcastLeader) }
        }
        if scenario.complaint != nil { scenario = before }
    }

    private mutating func plan(_ change: ChangePlan.Change, _ at: Instant) {
        scenario.changes.append(ChangePlan(at: at, change))
    }
}
