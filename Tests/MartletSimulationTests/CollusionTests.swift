// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@Suite("Colluding liars")
struct CollusionTests {
    private static func scenario(n: Int, f: Int, colluders: [Int], seed: UInt64) -> Scenario {
        var scenario = Scenarios.calm()
        scenario.seed = seed
        scenario.n = n
        scenario.f = f
        scenario.liars = colluders.map { LiarPlan(replica: $0, kinds: [.colluder]) }
        scenario.healsAt = Instant.zero + .milliseconds(300)
        scenario.clientsUntil = scenario.healsAt
        for place in scenario.clients.indices { scenario.clients[place].operationsMax = 200 }
        return scenario
    }

    /// Otherwise they would prove nothing about the rules that hold against f of them.
    @Test("One more of them than the group tolerates breaks agreement or validity", arguments: [(4, 1), (7, 2)])
    func oneTooMany(n: Int, f: Int) {
        var broken = 0
        for seed in 1...4 as ClosedRange<UInt64> {
            let report = Simulator.run(Self.scenario(n: n, f: f, colluders: Array(0...f), seed: seed))
            let isSafetyBroken = report.violations.contains {
                $0.hasPrefix("agreement") || $0.hasPrefix("validity") || $0.hasPrefix("checkpoint")
            }
            broken += isSafetyBroken ? 1 : 0
        }
        #expect(broken >= 3)
    }

    @Test("As many of them as the group tolerates break nothing", arguments: [(4, 1), (7, 2)])
    func tolerated(n: Int, f: Int) {
        var deeds: [String: Int] = [:]
        for seed in 1...4 as ClosedRange<UInt64> {
            let report = Simulator.run(Self.scenario(n: n, f: f, colluders: Array(0..<f), seed: seed))
            #expect(report.violations.isEmpty, "seed \(seed): \(report.violations)")
            for deed in report.liarDeeds { deeds[deed.name, default: 0] += deed.count }
        }
        for name in ["two proposals", "forged proposal", "votes ahead", "claims", "wrong result", "wrong state"] {
            #expect(deeds["collusion: " + name, default: 0] > 0, "\(name) in \(deeds)")
        }
    }
}
