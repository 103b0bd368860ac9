// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@Suite("Stock scenarios")
struct StockScenarioTests {
    @Test("Each holds all rules and shows what it is for", arguments: StockScenarios.all.map(\.name))
    func holds(name: String) throws {
        let scenario = try #require(StockScenarios.named(name))
        #expect(scenario.complaint == nil)
        #expect(!scenario.about.isEmpty && !scenario.expectations.isEmpty)
        let report = Simulator.run(scenario)
        #expect(report.violations.isEmpty, "\(report.violations)")
    }

    @Test(
        "A client that sends to some replicas only costs one leader change, whomever it picks",
        arguments: 2...6 as ClosedRange<UInt64>)
    func partialClient(seed: UInt64) throws {
        var scenario = try #require(StockScenarios.named("partial-client"))
        scenario.seed = seed
        #expect(Simulator.run(scenario).violations.isEmpty)
    }

    @Test("Names are given once")
    func names() {
        let names = StockScenarios.all.map(\.name)
        #expect(Set(names).count == names.count)
    }
}
