// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Groups across the world, narrow links, wrong clocks, and more than a group can bear.
extension StockScenarios {
    static var wideArea: [Scenario] {
        [
            change(wide("five-regions", "Five replicas on four continents, clients everywhere", .fiveRegions, n: 5)) {
                $0.expect("sent PROBE")
                $0.expect("leader found slow", min: 0, max: 0)
            },
            change(wide("five-regions-leader-lost", "The leader on the west coast dies", .fiveRegions, n: 5)) {
                $0.crash(0, at: 1_500)
                $0.expect("leader changes")
            },
            change(
                wide(
                    "five-regions-measured", "Five replicas measure their links, one lies about its own", .fiveRegions,
                    n: 5)
            ) {
                $0.settings.measuringPermille = 200
                $0.liars = [LiarPlan(replica: 3, kinds: [.latencyLiar])]
                $0.expect("sent CHALLENGE", min: 100)
                $0.expect("sent RESPONSE", min: 100)
                $0.settings.calculationPeriod = 32
                $0.timeouts.report = .milliseconds(500)
                $0.expect("latency measured", min: 1_000)
                $0.expect("sent OPERATION", min: 10)
                $0.expect("calculations", min: 2)
                $0.expect("reports calculated with", min: 8)
                $0.expect("other leader or weights calculated")
                $0.expect("latency liar")
                $0.expect("leader changes", min: 0, max: 0)
            },
            change(wide("zones", "Three zones of one city and one replica far away", .zones, n: 4)) {
                $0.expect("sent PROBE")
                $0.expect("leader found slow", min: 0, max: 0)
            },
            change(calm("narrow-links", "Links carry half a megabyte a second; messages queue for them")) {
                $0.usesWire = true
                $0.links.bytesPerSecond = 500_000
                $0.expect("messages queued for a link")
            },
            change(calm("wrong-clock", "The leader's wall clock is a day ahead and then stands still")) {
                $0.clockFaults = [
                    ClockFault(replica: 0, at: ms(50), kind: .jump(milliseconds: 86_400_000)),
                    ClockFault(replica: 0, at: ms(300), kind: .stand(until: ms(500))),
                ]
                $0.expect("proposal refused")
                $0.expect("leader changes")
            },
            change(calm("rotten-memory", "A replica whose snapshot has a wrong bit takes over the others' state")) {
                $0.replicaFaults.append(ReplicaFault(replica: 2, at: ms(60), kind: .rot))
                $0.expect("replica's memory rots")
                $0.expect("seen: conflictingCheckpoint")
                $0.expect("sent FETCH-CHECKPOINT")
                $0.expect("checkpoint installed")
                $0.expect("calls", min: 80)
            },
            change(calm("drifting-clocks", "All clocks drift, within the bound")) {
                for (replica, permille) in [800, 950, 1_050, 1_200].enumerated() {
                    $0.clockFaults.append(
                        ClockFault(replica: replica, at: ms(20), kind: .drift(permille: permille)))
                }
                $0.expect("clock drifted", min: 4)
            },
        ]
    }

    static var beyond: [Scenario] {
        [
            change(calm("all-crash", "Every replica crashes and comes back: silence, but no lie")) {
                $0.isBeyond = true
                $0.livenessTimeoutsMax = 4
                for replica in 0..<4 { $0.crash(replica, at: 200 + UInt64(replica), restart: 300) }
                $0.expect("learner", min: 4)
            },
            change(calm("clocks-apart", "Three of four clocks are hours apart: silence, but no lie")) {
                $0.isBeyond = true
                $0.livenessTimeoutsMax = 4
                $0.settings.clockBoundMilliseconds = 1_000
                $0.clockFaults = [1, 2, 3].map {
                    ClockFault(replica: $0, at: ms(100), kind: .jump(milliseconds: $0 * 3_600_000))
                }
                $0.expect("proposal refused")
            },
        ]
    }

    private static func wide(_ name: String, _ about: String, _ matrix: LatencyMatrix, n: Int) -> Scenario {
        change(calm(name, about)) {
            $0.n = n
            $0.matrix = matrix
            $0.links.jitterPermille = 100
            $0.timeouts.requestMin = .milliseconds(900)
            $0.timeouts.requestMax = .seconds(4)
            $0.timeouts.resend = .milliseconds(250)
            $0.timeouts.missingRequest = .milliseconds(150)
            $0.timeouts.progress = .milliseconds(400)
            $0.timeouts.fetch = .milliseconds(500)
            $0.timeouts.probe = .milliseconds(400)
            $0.timeouts.strict = .seconds(2)
            $0.clientTiming.retryMin = .milliseconds(900)
            $0.clientTiming.retryMax = .seconds(4)
            $0.clientTiming.readFallbackMin = .milliseconds(600)
            $0.clientTiming.signingLasts = .seconds(4)
            $0.healsAt = ms(3_000)
            $0.clientsUntil = ms(3_000)
            $0.expect("calls", min: 80)
            $0.expect("latency matrix used")
        }
    }
}
