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

    @Test("Stale, present and impossible views are asked for without pause, and answered from what is known")
    func views() {
        var scenario = Scenarios.calm()
        var harm = ClientPlan()
        harm.malice = ClientMalice(acts: [.views])
        harm.thinkMax = .milliseconds(2)
        scenario.clients.append(harm)
        for step in 1...4 {
            scenario.reconfigurations.append(
                ReconfigurationPlan(
                    at: .zero + .milliseconds(UInt64(step) * 30), firstHeavy: step % 4, firstLeader: step % 4))
        }
        scenario.healsAt = Instant.zero + .milliseconds(300)
        scenario.clientsUntil = scenario.healsAt
        let report = Simulator.run(scenario)
        func count(_ name: String) -> Int { report.occurrences.first { $0.name == name }?.count ?? 0 }
        #expect(report.violations.isEmpty, "\(report.violations)")
        #expect(report.views.count == 4)
        let asked = count("sent FETCH-VIEWS")
        #expect(asked >= 48 * count("client: views") && count("client: views") > 50)
        // Nothing leads on from the newest view, from none that is to come or was never, nor from no view at all.
        #expect(count("sent VIEWS") > asked / 8 && count("sent VIEWS") < asked / 2)
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
