// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

/// What a stock scenario must be; that each holds all rules and shows what it is for is seen by running them all in a
/// release build, `martlet simulate --stock`, which `./test` does: in a debug build it takes ten times as long.
@Suite("Stock scenarios")
struct StockScenarioTests {
    @Test("Each can be run and says what must occur in it", arguments: StockScenarios.all.map(\.name))
    func isWellFormed(name: String) throws {
        let scenario = try #require(StockScenarios.named(name))
        #expect(scenario.complaint == nil)
        #expect(!scenario.about.isEmpty && !scenario.expectations.isEmpty)
    }

    @Test("One that misses what it is for breaks a rule")
    func unmetExpectation() throws {
        var scenario = try #require(StockScenarios.all.first)
        #expect(Simulator.run(scenario).violations.isEmpty)
        scenario.expectations.append(Expectation("calls", min: 1_000_000))
        #expect(Simulator.run(scenario).violations.count == 1)
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
