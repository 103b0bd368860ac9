// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletSimulation
import Testing

@testable import martlet_cli

@Suite struct SimulationTests {
    @Test func rangesOfSeedsAreRead() {
        #expect(SeedRange(argument: "1..300").map { [$0.first, $0.last] } == [1, 300])
        #expect(SeedRange(argument: "7").map { [$0.first, $0.last] } == [7, 7])
        #expect(SeedRange(argument: "18446744073709551614")?.isOne == true)
        // Behind the last seed of all there is no next one to stop at.
        let last = ["18446744073709551615", "0..18446744073709551615", "18446744073709551615..18446744073709551615"]
        for text in ["", "5..4", "1.3", "1...3", "..3", "1..", "a..b", "-1..2"] + last {
            #expect(SeedRange(argument: text) == nil, "\(text)")
        }
    }

    @Test func everySeedOfTheRangeRunsOnceWhateverTheOrder() async throws {
        let range = try #require(SeedRange(argument: "1..3"))
        let summary = await SimulationRunner(range) { _, _ in }.run()
        var ordered = SimulationSummary()
        for seed: UInt64 in 1...3 { ordered.add(Simulator.run(seed: seed)) }
        #expect(summary.seeds == 3)
        #expect(summary.json(seconds: 0) == ordered.json(seconds: 0))
    }

    @Test func aScenarioThatFailsIsToldByItsName() throws {
        var scenario = try #require(StockScenarios.all.first)
        scenario.expectations = [Expectation("calls", min: 1_000_000)]
        var summary = SimulationSummary()
        summary.add(Simulator.run(scenario))
        #expect(summary.text(seconds: 1).hasSuffix("1 violations in 1 runs: \(scenario.name)"))
        #expect(summary.failedScenarios == [scenario.name] && summary.failedSeeds.isEmpty)
    }

    @Test(arguments: [
        ["--stock", "--trace"], ["--stock", "--seeds", "1"], ["--list", "--trace"], ["--list", "--history", "h"],
        ["--list", "--export"], ["--shrink", "3", "--trace"],
        ["--shrink", "3", "--export"], ["--shrink", "3", "--history", "h"], ["--seeds", "1..2", "--trace"],
        ["--seeds", "1", "--export", "--trace"], ["--seeds", "1", "--export", "--history", "h"],
    ])
    func whatWouldBePassedOverIsRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try SimulateCommand.parse(arguments) }
    }

    @Test(arguments: [
        ["--list"], ["--stock"], ["--stock", "--jobs", "2"], ["--shrink", "3"],
        ["--seeds", "1", "--trace", "--history", "h"], ["--seeds", "2..2", "--export"],
        ["--scenario", "calm", "--export"], ["--seeds", "1..2", "--jobs", "2"],
    ])
    func whatGoesTogetherIsTaken(arguments: [String]) throws {
        _ = try SimulateCommand.parse(arguments)
    }

    @Test(arguments: [
        (0.0, 1, "0.0"), (0.05, 1, "0.1"), (12.345, 2, "12.35"), (-1.5, 0, "-2"), (-0.01, 1, "0.0"),
        (9.999, 2, "10.00"),
        (3, 0, "3"),
    ])
    func numbersAreRounded(value: Double, digits: Int, text: String) {
        #expect(Rounding.text(value, digits: digits) == text)
    }

    @Test(arguments: [
        (
            "votes, at 408528 µs: replica 2 sent ACCEPT of regency 1 for instance 106 before that for 105",
            "votes: replica sent ACCEPT of regency for instance before that for"
        ),
        (
            "liveness, at 9 µs: not answered 40 longest timeouts after the network healed: client 0 call 3, delete k0",
            "liveness: not answered longest timeouts after the network healed"
        ),
        (
            "expectation: 'calls' occurred 3 times, expected 80 or more",
            "expectation: 'calls' occurred times, expected or more"
        ),
    ])
    func whatFailuresHaveInCommon(violation: String, kind: String) {
        #expect(ShrinkRun.kind(violation) == kind)
    }
}
