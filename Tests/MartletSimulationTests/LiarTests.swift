// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@Suite("Liars")
struct LiarTests {
    @Test("Each does what a correct replica does not, and breaks no rule", arguments: LiarKind.allCases)
    func acts(kind: LiarKind) {
        var acts = 0
        for seed in 1...4 as ClosedRange<UInt64> {
            let report = Simulator.run(LiarScenarios.eventful([kind], replica: Int(seed % 2), seed: seed))
            #expect(report.violations.isEmpty, "seed \(seed): \(report.violations)")
            acts += report.liarActs.first { $0.name == kind.rawValue }?.count ?? 0
            // The coverage lists every deed; a mutation once by the kind of message and once by the kind of change.
            let listed = report.occurrences.filter {
                $0.name.hasPrefix("lie: ") && !$0.name.hasPrefix("lie: mutation, ")
            }
            #expect(listed.reduce(0) { $0 + $1.count } == report.liarDeeds.reduce(0) { $0 + $1.count })
        }
        #expect(acts > 0)
    }

    @Test("Twins contradict each other, and a liar may switch between what it does")
    func twins() {
        var deeds: [String: Int] = [:]
        for seed in 1...4 as ClosedRange<UInt64> {
            var scenario = LiarScenarios.eventful([.twins, .replayer], replica: Int(seed % 2), seed: seed)
            scenario.liars[0].switchesEvery = .milliseconds(30)
            let report = Simulator.run(scenario)
            #expect(report.violations.isEmpty, "seed \(seed): \(report.violations)")
            for deed in report.liarDeeds { deeds[deed.name, default: 0] += deed.count }
        }
        #expect(deeds["twin: speaks", default: 0] > 100 && deeds["twin: contradicts the other", default: 0] > 0)
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
