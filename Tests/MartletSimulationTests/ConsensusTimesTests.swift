// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletSimulation
import MartletTypes
import Testing

@Suite("What worlds tell of latency")
struct ConsensusTimesTests {
    /// Four replicas as far from each other as light goes in 50 ms, and a client beside the leader.
    private static func apart(_ change: (inout Scenario) -> Void = { _ in }) -> Scenario {
        var scenario = Scenario(seed: 7)
        let places = ["a", "b", "c", "d"]
        scenario.matrix = LatencyMatrix(
            regions: places,
            delays: places.flatMap { from in places.map { $0 == from ? .zero : Interval.milliseconds(50) } })
        scenario.leaders = [2, 0, 1, 3]
        scenario.placement = [0, 1, 2, 3, 2]
        scenario.links.delayMin = .zero
        scenario.links.delaySpread = .zero
        scenario.timeouts.requestMin = .seconds(2)
        var client = ClientPlan()
        client.putsOnly = true
        client.readPermille = 0
        client.operationsMin = 20
        client.operationsMax = 20
        client.pauseMax = .milliseconds(100)
        scenario.clients = [client]
        change(&scenario)
        return scenario
    }

    @Test("An instance takes its leader three message delays, and however often PROPOSE is sent again")
    func threeDelays() {
        let report = Simulator.run(Self.apart { $0.timeouts.resend = .milliseconds(20) })
        #expect(report.violations.isEmpty && report.leaderChanges == 0)
        let entries = report.consensusTimes.entries
        #expect(entries.count >= 20 && entries.allSatisfy { $0.leader == 2 })
        for entry in entries { #expect(entry.took >= .milliseconds(100) && entry.took < .milliseconds(152)) }
    }

    @Test("A client pauses after an answer, not after a call")
    func pauses() {
        let report = Simulator.run(Self.apart { $0.clients[0].pauseMax = .milliseconds(400) })
        var answered: Instant?
        var pauses: [Interval] = []
        for event in report.history.events {
            switch event {
            case .call(_, _, let at): if let answered { pauses.append(at.since(answered)) }
            case .end(_, _, let at): answered = at
            }
        }
        #expect(pauses.count == 19 && pauses.allSatisfy { $0 <= .milliseconds(401) })
        #expect(pauses.contains { $0 > .milliseconds(200) } && Set(pauses).count > 10)
    }

    @Test("Who is said to be heavy is, and leaders follow each other as said")
    func weights() {
        var scenario = Self.apart()
        scenario.n = 5
        scenario.placement = [0, 1, 2, 3, 0, 2]
        scenario.leaders = [4, 3, 2, 1, 0]
        scenario.heavy = [4, 3]
        scenario.replicaFaults = [
            ReplicaFault(replica: 4, at: .zero + .milliseconds(500), kind: .crash(restartAt: nil))
        ]
        scenario.healsAt = .zero + .seconds(1)
        scenario.clientsUntil = .zero + .seconds(12)
        scenario.clients[0].operationsMax = 1_000
        let report = Simulator.run(scenario)
        #expect(report.violations.isEmpty && report.leaderChanges >= 1)
        let leaders = report.consensusTimes.entries.map(\.leader)
        #expect(leaders.first == 4 && leaders.contains(3) && !leaders.contains(0))
    }

    @Test("What is slow for a while varies within what was said")
    func slow() {
        let fault = LinkFault(
            from: NodeSet([0]), to: NodeSet([1]), begin: .zero, end: .distantFuture,
            kind: .slow(by: .milliseconds(120), spread: .milliseconds(40)))
        var model = LinkModel()
        model.delayMin = .zero
        model.delaySpread = .zero
        var network = SimulatedNetwork(
            model: model, faults: [fault], healsAt: .zero + .seconds(1), random: SeededRandom(seed: 1))
        let delays = (0..<200).compactMap { _ in
            network.arrivals(of: .write, from: 0, to: 1, at: .zero).0?.since(.zero)
        }
        #expect(delays.count == 200 && delays.allSatisfy { $0 >= .milliseconds(120) && $0 <= .milliseconds(160) })
        #expect((delays.max() ?? .zero) > .milliseconds(150) && (delays.min() ?? .zero) < .milliseconds(130))
    }

    @Test("A value has as many bytes as it is to have, and means the same")
    func padding() throws {
        let operation = Operation.put(key: 1, value: 77)
        #expect(ServiceCodec.bytes(of: operation, valueBytes: 1_000).count > 1_000)
        #expect(ServiceCodec.bytes(of: operation, valueBytes: 1) == ServiceCodec.bytes(of: operation))
        // Reads of such values are understood: the run's checkers would complain.
        let report = Simulator.run(
            Self.apart {
                $0.clients[0].valueBytes = 300
                $0.clients[0].readPermille = 500
            })
        #expect(report.violations.isEmpty && report.completedCalls == 20)
    }
}
