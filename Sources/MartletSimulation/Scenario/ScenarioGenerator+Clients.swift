// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Clients: what they ask for, and which of them mean harm.
extension ScenarioGenerator {
    mutating func makeClients() {
        for _ in 0..<random.number(in: 2...4) {
            var plan = ClientPlan()
            plan.pipeline = random.pick([1, 1, 2, 4])
            plan.sessions = random.pick([1, 1, 2])
            plan.operationsMin = random.number(in: 30...60)
            plan.operationsMax = random.number(in: 80...200)
            plan.readPermille = random.pick([100, 300, 600])
            plan.thinkMax = .milliseconds(UInt64(random.pick([1, 5, 20])))
            plan.signs = random.chance(permille: 150)
            scenario.clients.append(plan)
        }
        guard random.chance(permille: 300) else { return }
        makeMaliciousClient()
    }

    private mutating func makeMaliciousClient() {
        var plan = ClientPlan()
        var acts = ClientMalice.Act.allCases
        random.shuffle(&acts)
        var chosen = Array(acts.prefix(random.number(in: 1...3)))
        // Whoever colludes has a client in league.
        if scenario.liars.contains(where: { $0.kinds.contains(.colluder) }), !chosen.contains(.league) {
            chosen.append(.league)
        }
        plan.malice = ClientMalice(acts: chosen)
        plan.thinkMax = .milliseconds(UInt64(random.pick([2, 20])))
        scenario.clients.append(plan)
        // More than honest clients need at once.
        if random.chance(permille: 700) { scenario.memory.pendingPerClientMax = random.pick([32, 128]) }
    }

    /// Who gives up goes on, and what it gave up may yet be executed.
    mutating func makeImpatient() {
        let honest = scenario.clients.indices.filter { scenario.clients[$0].malice == nil }
        let waits = UInt64(random.pick([1, 3, 10]))
        scenario.clients[random.pick(honest)].patience = scenario.clientTiming.retryMin * waits
    }

    /// Scans, and puts at several keys at once.
    mutating func makeJoinedKeys() {
        for place in scenario.clients.indices { scenario.clients[place].severalPermille = 200 }
    }

    // MARK: - Flips

    /// Fast reads of a key that comes and goes, at replicas of which some are behind: can a reader go back in time? Easiest
    /// among three, where two make a quorum and no two need be equally far, and which nothing else befalls; among more with
    /// a liar's help. It settles what the links are like, so it is drawn last.
    mutating func makeFlips() {
        if scenario.n == 3 { makeCalm() }
        scenario.settings.hasUnorderedReads = true
        scenario.settings.batchRequestsMax = 1
        scenario.links.delayMin = .microseconds(50)
        scenario.links.delaySpread = .microseconds(100)
        scenario.links.slowPermille = random.pick([200, 400])
        scenario.links.slowExtra = .milliseconds(UInt64(random.pick([5, 10])))
        for place in scenario.liars.indices where !scenario.liars[place].kinds.contains(.replyLiar) {
            scenario.liars[place].kinds.append(.replyLiar)
        }
        let honest = scenario.clients.indices.filter { scenario.clients[$0].malice == nil }
        for place in honest { flip(place, isWriter: place == honest.last) }
    }

    /// One writes, two changes close together and then a while none; the others do nothing but read.
    private mutating func flip(_ place: Int, isWriter: Bool) {
        scenario.clients[place].flips = true
        scenario.clients[place].severalPermille = 0
        scenario.clients[place].pipeline = isWriter ? 2 : 1
        scenario.clients[place].readPermille = isWriter ? 0 : 1_000
        scenario.clients[place].thinkMax = isWriter ? .milliseconds(6) : .microseconds(50)
        scenario.clients[place].operationsMax = isWriter ? 200 : 1_000
    }

    /// Nothing goes wrong for long, and there are readers enough.
    private mutating func makeCalm() {
        let calm = Scenario(seed: scenario.seed)
        scenario.links = calm.links
        (scenario.matrix, scenario.placement) = (calm.matrix, calm.placement)
        (scenario.linkFaults, scenario.clientLinkFaults) = (calm.linkFaults, calm.clientLinkFaults)
        (scenario.clockFaults, scenario.replicaFaults) = (calm.clockFaults, calm.replicaFaults)
        (scenario.isBeyond, scenario.livenessTimeoutsMax) = (calm.isBeyond, calm.livenessTimeoutsMax)
        scenario.healsAt = max(scenario.healsAt, .zero + .milliseconds(800))
        scenario.clientsUntil = scenario.healsAt + .milliseconds(100)
        while scenario.clients.count < 5 { scenario.clients.insert(scenario.clients[0], at: 0) }
    }
}
