// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@Suite("Malicious clients")
struct MaliciousClientTests {
    private static func report(_ acts: [ClientMalice.Act], colluder: Bool, seed: UInt64) -> SimulationReport {
        var scenario = Scenarios.calm()
        scenario.seed = seed
        var harm = ClientPlan()
        harm.malice = ClientMalice(acts: acts)
        harm.thinkMax = .milliseconds(4)
        scenario.clients.append(harm)
        scenario.healsAt = Instant.zero + .milliseconds(200)
        scenario.clientsUntil = scenario.healsAt
        for place in scenario.clients.indices { scenario.clients[place].operationsMax = 150 }
        if colluder { scenario.liars = [LiarPlan(replica: 0, kinds: [.colluder])] }
        return Simulator.run(scenario)
    }

    @Test("Each act is done, and harms nobody else", arguments: ClientMalice.Act.allCases)
    func acts(act: ClientMalice.Act) {
        for seed in 1...2 as ClosedRange<UInt64> {
            let report = Self.report([act], colluder: false, seed: seed)
            #expect(report.violations.isEmpty, "seed \(seed): \(report.violations)")
            #expect(report.occurrences.contains { $0.name == "client: \(act)" && $0.count > 0 })
        }
    }

    @Test("In league with a liar that proposes and vouches for what only it was sent, a client breaks nothing")
    func league() {
        var forged = 0
        for seed in 1...4 as ClosedRange<UInt64> {
            let report = Self.report([.league, .signedConflict, .conflicting], colluder: true, seed: seed)
            #expect(report.violations.isEmpty, "seed \(seed): \(report.violations)")
            forged += report.liarDeeds.first { $0.name == "collusion: forged proposal" }?.count ?? 0
        }
        #expect(forged > 0)
    }
}
