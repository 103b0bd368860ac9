// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@Suite("Shrinking")
struct ShrinkerTests {
    @Test("What does not matter for a failure is left out, and the same is left each time")
    func planted() throws {
        // The planted failure: two replicas are away for good, which a group of four does not survive.
        var scenario = ScenarioGenerator.scenario(seed: 7)
        scenario.faultModel = .byzantine
        (scenario.n, scenario.f) = (4, 1)
        (scenario.liars, scenario.clockFaults, scenario.clientLinkFaults) = ([], [], [])
        (scenario.matrix, scenario.placement, scenario.isBeyond) = (nil, [], true)
        scenario.replicaFaults = [0, 1, 2].map {
            ReplicaFault(replica: $0, at: Instant.zero + .milliseconds(UInt64(5 + $0)), kind: .crash(restartAt: nil))
        }
        scenario.links.lossPermille = 20
        // A group that is dead is known to be so soon: most of the runs are of one.
        scenario.livenessTimeoutsMax = 4
        let fails = { (tried: Scenario) in
            tried.replicaFaults.count { if case .crash = $0.kind { true } else { false } } >= 2
                && Simulator.run(tried).completedCalls < tried.clients.reduce(0) { $0 + $1.operationsMin }
        }
        #expect(fails(scenario))
        var shrinker = Shrinker(runsMax: 200, fails: fails)
        let small = shrinker.shrink(scenario)
        #expect(fails(small) && shrinker.runs <= 200)
        #expect(small.replicaFaults.count == 2 && small.clients.count == 1)
        #expect(small.linkFaults.isEmpty && small.links.lossPermille == 0)
        var again = Shrinker(runsMax: 200, fails: fails)
        #expect(Simulator.run(again.shrink(scenario)).fingerprint == Simulator.run(small).fingerprint)
    }

    @Test("Whoever leaves takes along what concerned it alone; whoever comes after it moves up")
    func leaving() {
        var scenario = Scenario(seed: 1)
        (scenario.n, scenario.placement) = (5, [0, 1, 2, 3, 4, 5, 6])
        var malicious = ClientPlan()
        malicious.malice = ClientMalice(acts: [.partial])
        scenario.clients = [ClientPlan(), malicious]
        func link(_ from: [Int], _ to: [Int]) -> LinkFault {
            LinkFault(from: NodeSet(from), to: NodeSet(to), begin: .zero, end: Instant(1))
        }
        func clientLink(_ client: Int, _ replicas: [Int]) -> ClientLinkFault {
            ClientLinkFault(client: client, replicas: NodeSet(replicas), begin: .zero, end: Instant(1))
        }
        scenario.linkFaults = [link([0, 4], [5, 6]), link([4], [0]), link([1], [5])]
        scenario.clientLinkFaults = [clientLink(0, [1, 4]), clientLink(1, [4])]
        scenario.liars = [LiarPlan(replica: 4, kinds: [.replayer])]

        let fewer = scenario.withoutLastReplica()
        #expect(fewer.n == 4 && fewer.liars.isEmpty && fewer.placement == [0, 1, 2, 3, 5, 6])
        #expect(fewer.linkFaults == [link([0], [4, 5]), link([1], [4])])
        #expect(fewer.clientLinkFaults == [clientLink(0, [1])])

        let alone = scenario.without(client: 0)
        #expect(alone.clients == [malicious] && alone.placement == [0, 1, 2, 3, 4, 6])
        #expect(alone.linkFaults == [link([0, 4], [5]), link([4], [0])])
        #expect(alone.clientLinkFaults == [clientLink(0, [4])])
    }
}
