// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

/// What becomes of leader and weights in the stock scenarios in which links change and replicas die (adaptation §5, §6).
@Suite("Unsteady groups")
struct UnsteadyGroupTests {
    /// A calculation is made about once a second.
    @Test(
        "Links that come and go do not end a view before its second calculation, however quickly they change",
        arguments: [500, 1_000, 3_000] as [UInt64])
    func flapping(period: UInt64) throws {
        var scenario = try #require(StockScenarios.named("flapping-links"))
        scenario.flap(every: period)
        var ends: [UInt64: UInt64] = [:]
        let report = Simulator.run(scenario) { line in
            let parts = line.split { !$0.isLetter && !$0.isNumber }
            guard let place = parts.firstIndex(of: "viewEnded") else { return }
            if let view = UInt64(parts[place + 1]), let last = UInt64(parts[place + 3]) { ends[view] = last }
        }
        #expect(report.violations.isEmpty, "\(report.violations)")
        #expect(ends.count == report.views.count && !ends.isEmpty)
        let instances = ends.values.sorted()
        for (before, after) in zip(instances, instances.dropFirst()) {
            #expect(after - before >= 2 * UInt64(scenario.settings.calculationPeriod), "\(instances)")
        }
    }

    @Test(
        "Who dies, or is heard late or hears late, is neither heavy nor leader in the end",
        arguments: [
            ("heavy-lost", 2), ("heavy-leader-lost", 1), ("heavy-and-leader-lost", 2), ("slow-to-tell", 2),
            ("slow-to-hear", 2),
        ])
    func deserters(name: String, place: Int) throws {
        var scenario = try #require(StockScenarios.named(name))
        // Once more, with other luck.
        scenario.seed += 1
        let report = Simulator.run(scenario)
        #expect(report.violations.isEmpty, "\(report.violations)")
        let view = try #require(report.views.last).view
        #expect(!view.heavyMembers.contains(ReplicaIndex(place)) && view.leaderOrder.first != ReplicaIndex(place))
    }
}
