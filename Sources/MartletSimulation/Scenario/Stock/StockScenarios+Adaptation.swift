// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Members that seem to be nearer than their votes are.
extension StockScenarios {
    static var adaptation: [Scenario] {
        [
            change(
                measured("sluggish-voter", "Who answers quickly and votes slowly loses its weight to others", n: 5)
            ) {
                $0.heavy = [0, 2]
                // Calculating more often than it can be done, correct members come to vote late, too.
                $0.settings.calculationPeriod = 64
                $0.liars = [LiarPlan(replica: 2, kinds: [.sluggishVoter])]
                $0.expect("sluggish voter")
                $0.expect("liar suspected")
                $0.expect("correct member suspected", min: 0, max: 0)
                $0.expect("view calculated")
            },
            change(
                measured(
                    "false-neighbours",
                    "Two that claim to be next to each other vote later than that; all others are late, they say, to no avail",
                    n: 9)
            ) {
                $0.f = 2
                $0.matrix = .fiveRegions
                $0.leaders = [2, 3, 0, 1, 4, 5, 6, 7, 8]
                $0.heavy = [0, 1, 2, 3]
                $0.liars = [2, 3].map { LiarPlan(replica: $0, kinds: [.falseNeighbour]) }
                $0.expect("false neighbour")
                $0.expect("liar suspected")
                $0.expect("correct member suspected", min: 0, max: 0)
            },
            change(
                measured("does-not-pay", "A change after which instances take longer than before is taken back", n: 5)
            ) {
                $0.seed = 3
                $0.matrix = .oneFarAway
                $0.settings.calculationPeriod = 48
                $0.leaders = [1, 0, 2, 3, 4]
                $0.heavy = [1, 2]
                $0.liars = [LiarPlan(replica: 0, kinds: [.sluggishVoter])]
                $0.expect("view calculated", min: 2)
                $0.expect("change taken back")
            },
            change(
                measured(
                    "does-not-pay-led-by-another",
                    "It is taken back all the same when the leader that it chose was replaced for its silence", n: 5)
            ) {
                $0.seed = 2
                $0.matrix = .oneFarAway
                $0.settings.calculationPeriod = 48
                $0.leaders = [1, 0, 2, 3, 4]
                $0.heavy = [1, 2]
                $0.liars = [LiarPlan(replica: 0, kinds: [.sluggishVoter, .silentLeader])]
                $0.expectations.removeAll { $0.what == "leader changes" }
                $0.expect("leader changes")
                $0.expect("change taken back")
            },
        ]
    }

    /// Long enough for some calculations.
    static func measured(_ name: String, _ about: String, n: Int) -> Scenario {
        change(calm(name, about)) {
            $0.n = n
            $0.settings.measuringPermille = 500
            $0.settings.calculationPeriod = 16
            $0.timeouts.requestMin = .milliseconds(900)
            $0.timeouts.requestMax = .seconds(4)
            $0.timeouts.resend = .milliseconds(250)
            $0.timeouts.missingRequest = .milliseconds(150)
            $0.timeouts.progress = .milliseconds(400)
            $0.timeouts.fetch = .milliseconds(500)
            $0.timeouts.probe = .seconds(2)
            $0.timeouts.measure = .milliseconds(300)
            $0.timeouts.challenge = .milliseconds(400)
            $0.timeouts.report = .seconds(1)
            $0.clientTiming.retryMin = .milliseconds(900)
            $0.clientTiming.retryMax = .seconds(4)
            $0.clientTiming.readFallbackMin = .milliseconds(600)
            $0.clientTiming.signingLasts = .seconds(4)
            $0.clients = $0.clients.map {
                var client = $0
                client.operationsMax = 3_000
                return client
            }
            $0.healsAt = ms(16_000)
            $0.clientsUntil = ms(16_000)
            $0.expect("calculations", min: 6)
            $0.expect("leader changes", min: 0, max: 0)
        }
    }
}
