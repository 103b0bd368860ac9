// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Testing

@Suite("Runaway: a run always ends")
struct RunawayTests {
    private static func limits(_ change: (inout RunawayChecker.Limits) -> Void) -> RunawayChecker.Limits {
        var limits = RunawayChecker.Limits()
        change(&limits)
        return limits
    }

    @Test("As many events at one instant as the limit says pass, one more does not; time that goes on counts anew")
    func instant() {
        var checker = RunawayChecker(limits: Self.limits { $0.perInstantMax = 3 })
        for time in 1...4 as ClosedRange<UInt64> {
            for _ in 0..<3 { #expect(checker.happened(messages: 0, at: Instant(time)) == nil) }
        }
        #expect(checker.happened(messages: 0, at: Instant(4))?.rule == .runaway)
    }

    @Test("Events and messages of a run count together")
    func run() {
        var checker = RunawayChecker(limits: Self.limits { $0.perRunMax = 10 })
        #expect(checker.happened(messages: 4, at: Instant(1)) == nil)
        #expect(checker.happened(messages: 8, at: Instant(2)) == nil)
        #expect(checker.happened(messages: 8, at: Instant(3))?.rule == .runaway)
    }

    @Test("A replica that goes on talking to itself")
    func loopback() {
        let checker = RunawayChecker(limits: Self.limits { $0.loopbackMax = 5 })
        #expect(checker.looped(4, replica: 0, at: .zero) == nil)
        #expect(checker.looped(5, replica: 0, at: .zero)?.rule == .runaway)
    }

    @Test("A world stops at each limit and says so")
    func world() {
        #expect(Simulator.run(Scenarios.calm()).violations.isEmpty)
        for limits in [
            Self.limits { $0.perInstantMax = 1 }, Self.limits { $0.perRunMax = 100 },
            Self.limits { $0.loopbackMax = 1 },
        ] {
            var scenario = Scenarios.calm()
            scenario.limits = limits
            let report = Simulator.run(scenario)
            #expect(report.violations.count == 1 && report.violations.allSatisfy { $0.hasPrefix("runaway") })
            #expect(report.messages <= 200)
        }
    }
}
