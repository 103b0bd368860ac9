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
