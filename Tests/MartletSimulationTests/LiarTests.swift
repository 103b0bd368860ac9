// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@Suite("Liars")
struct LiarTests {
    /// Enough happens that each has something to lie about: the first two leaders come to lead, one replica falls
    /// behind and fetches, messages are lost.
    private static func scenario(_ kind: LiarKind, replica: Int, seed: UInt64) -> Scenario {
        var scenario = Scenarios.calm()
        scenario.seed = seed
        scenario.liars = [LiarPlan(replica: replica, kinds: [kind])]
        scenario.links.lossPermille = 30
        scenario.healsAt = Instant.zero + .milliseconds(600)
        scenario.clientsUntil = scenario.healsAt
        for place in scenario.clients.indices { scenario.clients[place].operationsMax = 300 }
        let away = 3
        for (from, to) in [([away], [0, 1, 2]), ([0, 1, 2], [away])] {
            scenario.linkFaults.append(
                LinkFault(
                    from: NodeSet(from), to: NodeSet(to), begin: Instant.zero + .milliseconds(50),
                    end: Instant.zero + .milliseconds(200)))
        }
        // The leader is cut off for a while: a leader change.
        for (from, to) in [([0], [1, 2, 3]), ([1, 2, 3], [0])] {
            scenario.linkFaults.append(
                LinkFault(
                    from: NodeSet(from), to: NodeSet(to), begin: Instant.zero + .milliseconds(250),
                    end: Instant.zero + .milliseconds(500)))
        }
        return scenario
    }

    @Test("Each does what a correct replica does not, and breaks no rule", arguments: LiarKind.allCases)
    func acts(kind: LiarKind) {
        var acts = 0
        for seed in 1...4 as ClosedRange<UInt64> {
            let report = Simulator.run(Self.scenario(kind, replica: Int(seed % 2), seed: seed))
            #expect(report.violations.isEmpty, "seed \(seed): \(report.violations)")
            acts += report.liarActs.first { $0.name == kind.rawValue }?.count ?? 0
        }
        #expect(acts > 0)
    }

    @Test("The generator stays within what a group must survive, and draws every liar, fault and malice")
    func generator() {
        var kinds = Set<LiarKind>()
        var malice = Set<ClientMalice.Act>()
        var crashes = 0
        var pauses = 0
        var models = Set<FaultModel>()
        for seed in 1...600 as ClosedRange<UInt64> {
            let scenario = ScenarioGenerator.scenario(seed: seed)
            let faulty = (0..<scenario.n).filter { !scenario.isCorrectThroughout($0) }
            #expect(faulty.count <= scenario.f || scenario.isBeyond)
            #expect(scenario.complaint == nil)
            if scenario.faultModel == .crash { #expect(scenario.liars.isEmpty) }
            #expect(scenario.settings.complaint == nil)
            #expect(scenario.linkFaults.allSatisfy { $0.end <= scenario.healsAt })
            for liar in scenario.liars { kinds.formUnion(liar.kinds) }
            for client in scenario.clients { malice.formUnion(client.malice?.acts ?? []) }
            for fault in scenario.replicaFaults {
                if case .crash = fault.kind { crashes += 1 } else { pauses += 1 }
            }
            models.insert(scenario.faultModel)
        }
        #expect(kinds == Set(LiarKind.allCases) && malice == Set(ClientMalice.Act.allCases))
        #expect(crashes > 50 && pauses > 50 && models.count == 2)
    }
}
