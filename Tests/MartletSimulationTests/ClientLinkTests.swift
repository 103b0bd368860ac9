// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@Suite("Faults of clocks and of clients' connections, in a world")
struct ClientLinkTests {
    private static func occurred(_ name: String, in report: SimulationReport) -> Int {
        report.occurrences.first { $0.name == name }?.count ?? 0
    }

    @Test("A client whose connections break goes on when they are there again, also if all were broken at the start")
    func brokenLinks() {
        var scenario = Scenarios.calm()
        scenario.healsAt = .zero + .milliseconds(400)
        scenario.clientLinkFaults = [
            ClientLinkFault(
                client: 0, replicas: NodeSet([0, 1, 2, 3]), begin: .zero, end: .zero + .milliseconds(150)),
            ClientLinkFault(
                client: 1, replicas: NodeSet([0, 1]), begin: .zero + .milliseconds(20), end: scenario.healsAt),
        ]
        let report = Simulator.run(scenario)
        #expect(report.violations.isEmpty, "\(report.violations)")
        #expect(report.completedCalls >= 80 && Self.occurred("client link down", in: report) == 6)
    }

    @Test("A client that gives up goes on; what it gave up may be executed later, and others may see it")
    func givenUp() {
        var given = 0
        var seen = 0
        for seed in 1...3 as ClosedRange<UInt64> {
            var scenario = Scenarios.calm()
            scenario.seed = seed
            scenario.healsAt = .zero + .milliseconds(300)
            scenario.clientsUntil = scenario.healsAt
            scenario.clients[0].patience = .milliseconds(30)
            scenario.clients[0].readPermille = 0
            scenario.clients[1].readPermille = 900
            // Requests arrive, and nothing is ordered.
            let replicas = NodeSet([0, 1, 2, 3])
            scenario.linkFaults = [
                LinkFault(
                    from: replicas, to: replicas, begin: .zero + .milliseconds(20), end: .zero + .milliseconds(200))
            ]
            let report = Simulator.run(scenario)
            #expect(report.violations.isEmpty, "\(report.violations)")
            let open = report.history.calls().filter { $0.outcome == nil }
            #expect(open.allSatisfy { $0.id.client == 0 && $0.end == nil })
            #expect(report.history.calls().count { $0.id.client == 0 && $0.outcome != nil } > 0)
            given += open.count
            let values = open.compactMap { if case .put(_, let value) = $0.operation { value } else { nil } }
            seen += report.history.calls().count { call in values.contains { call.outcome == .value($0) } }
        }
        #expect(given > 3 && seen > 0, "\(given), of which \(seen) were seen")
    }

    @Test("One clock that is wrong by hours or stands still does not stop the group")
    func oneWrongClock() {
        let faults: [ClockFault.Kind] = [
            .jump(milliseconds: 7_200_000), .jump(milliseconds: -7_200_000), .drift(permille: 20_000),
            .drift(permille: 20), .stand(until: .zero + .milliseconds(300)),
        ]
        for kind in faults {
            var scenario = Scenarios.calm()
            scenario.healsAt = .zero + .milliseconds(300)
            scenario.clockFaults = [ClockFault(replica: 0, at: .zero + .milliseconds(10), kind: kind)]
            #expect(scenario.complaint == nil)
            let report = Simulator.run(scenario)
            #expect(report.violations.isEmpty, "\(kind): \(report.violations)")
            #expect(report.completedCalls >= 80)
        }
    }

    @Test(
        "With more wrong clocks than f the group falls silent, and says nothing wrong; that is beyond what it must survive"
    )
    func wrongClocks() {
        var scenario = Scenarios.calm()
        scenario.settings.clockBoundMilliseconds = 1_000
        scenario.livenessTimeoutsMax = 4
        scenario.clockFaults = [1, 2, 3].map {
            ClockFault(replica: $0, at: .zero + .milliseconds(10), kind: .jump(milliseconds: $0 * 3_600_000))
        }
        #expect(scenario.complaint?.contains("more than f") == true)
        scenario.isBeyond = true
        #expect(scenario.complaint == nil)
        let report = Simulator.run(scenario)
        #expect(report.violations.isEmpty)
        #expect(report.completedCalls < 80)
    }
}
