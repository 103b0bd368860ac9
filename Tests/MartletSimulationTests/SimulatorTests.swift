// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@Suite("Simulator")
struct SimulatorTests {
    @Test("The same seed gives the same run, event for event; another seed another", arguments: [3, 4, 50] as [UInt64])
    func determinism(seed: UInt64) {
        var lines: [String] = []
        var again: [String] = []
        let first = Simulator.run(seed: seed) { lines.append($0) }
        let second = Simulator.run(seed: seed) { again.append($0) }
        #expect(lines == again && !lines.isEmpty)
        #expect(first.fingerprint == second.fingerprint)
        // Watching changes nothing.
        #expect(Simulator.run(seed: seed).fingerprint == first.fingerprint)
        #expect(Simulator.run(seed: seed + 1).fingerprint != first.fingerprint)
    }

    @Test("A group without faults answers everything in one regency")
    func quiet() {
        let report = Simulator.run(Scenarios.calm())
        #expect(report.violations.isEmpty)
        #expect(report.leaderChanges == 0 && report.completedCalls >= 80 && report.decidedInstances > 20)
        #expect(report.liarActs.allSatisfy { $0.count == 0 })
    }

    // Few, since a debug build takes ten times as long; 'martlet simulate' runs more, also before a change lands.
    @Test("Seeds hold all rules", arguments: [1...6, 7...12, 13...18, 19...24] as [ClosedRange<UInt64>])
    func seeds(range: ClosedRange<UInt64>) {
        for seed in range {
            let report = Simulator.run(seed: seed)
            #expect(report.violations.isEmpty, "\(report.violations); repeat with: \(report.repeatCommand)")
        }
    }

    @Test("The messages survive the wire format, and real signatures are as good", arguments: [false, true])
    func wireAndSignatures(isReal: Bool) {
        var scenario = Scenarios.calm()
        scenario.usesWire = true
        scenario.usesRealSignatures = isReal
        let report = Simulator.run(scenario)
        #expect(report.violations.isEmpty && report.completedCalls >= 80)
    }

    @Test("What a scenario expects is judged")
    func expectations() {
        var scenario = Scenarios.calm()
        scenario.expectations = [
            Expectation("calls", min: 1, max: nil), Expectation("leader changes", min: 0, max: 0),
        ]
        #expect(Simulator.run(scenario).violations.isEmpty)
        scenario.expectations = [
            Expectation("calls", min: 0, max: 3), Expectation("leader changes", min: 1, max: nil),
            Expectation("no such thing", min: 0, max: nil),
        ]
        #expect(Simulator.run(scenario).violations.filter { $0.hasPrefix("expectation: ") }.count == 3)
    }

    @Test("More faults than the group can take are noticed: nobody answers any more")
    func tooManyCrashes() {
        var scenario = Scenarios.calm()
        scenario.livenessTimeoutsMax = 4
        scenario.replicaFaults = [2, 3].map {
            ReplicaFault(replica: $0, at: Instant.zero + .milliseconds(10), kind: .crash(restartAt: nil))
        }
        let report = Simulator.run(scenario)
        #expect(report.violations.contains { $0.contains("liveness") })
        #expect(report.repeatCommand == "martlet simulate --seeds 1..1 --trace")
    }

    @Test("A group that is given more than it can take keeps its leader")
    func overload() {
        var scenario = Scenarios.calm()
        scenario.settings.batchRequestsMax = 2
        scenario.settings.window = 1
        scenario.links.delayMin = .milliseconds(2)
        var client = ClientPlan()
        client.operationsMin = 80
        client.operationsMax = 80
        client.pipeline = 32
        scenario.clients = Array(repeating: client, count: 6)
        let report = Simulator.run(scenario)
        #expect(report.violations.isEmpty && report.leaderChanges == 0)
    }
}
