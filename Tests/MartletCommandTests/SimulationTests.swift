// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import Testing

@testable import martlet_cli

@Suite struct SimulationTests {
    @Test func rangesOfSeedsAreRead() {
        #expect(SeedRange(argument: "1..300").map { [$0.first, $0.last] } == [1, 300])
        #expect(SeedRange(argument: "7").map { [$0.first, $0.last] } == [7, 7])
        for text in ["", "5..4", "1.3", "1...3", "..3", "1..", "a..b", "-1..2", "0..18446744073709551615"] {
            #expect(SeedRange(argument: text) == nil, "\(text)")
        }
    }

    @Test func everySeedOfTheRangeRunsOnceWhateverTheOrder() async throws {
        let range = try #require(SeedRange(argument: "1..3"))
        let summary = await SeedRunner(range) { _, _ in }.run()
        var ordered = SimulationSummary()
        for seed: UInt64 in 1...3 { ordered.add(Simulator.run(seed: seed)) }
        #expect(summary.seeds == 3)
        #expect(summary.json(seconds: 0) == ordered.json(seconds: 0))
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
