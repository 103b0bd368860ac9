// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Groups that choose leader and weights themselves, while links change and replicas die.
extension StockScenarios {
    static var unsteady: [Scenario] {
        [
            change(regions("flapping-links", "One link is slow and then another, in turn; the group does not follow")) {
                $0.flap(every: 1_000)
                $0.expect("messages slowed")
                $0.expect("calculations", min: 12)
                // Six if each view were left as soon as another looks better.
                $0.expect("view calculated", min: 1, max: 4)
                $0.expect("correct member suspected", min: 0, max: 0)
            },
            change(regions("slow-to-tell", "A heavy replica hears quickly and is heard late")) {
                $0.slow(from: [2], to: [0, 1, 3, 4], by: 120, spread: 20, begin: 4_000, end: 16_000)
                $0.expect("link fault one way")
                $0.expect("view calculated")
            },
            change(regions("slow-to-hear", "A heavy replica is heard quickly and hears late")) {
                $0.slow(from: [0, 1, 3, 4], to: [2], by: 120, spread: 20, begin: 4_000, end: 16_000)
                $0.expect("link fault one way")
                $0.expect("view calculated")
            },
            change(regions("heavy-lost", "A heavy replica dies, and its weight goes to one that lives")) {
                $0.crash(2, at: 4_000)
                $0.expect("view calculated")
                $0.expect("correct member suspected", min: 0, max: 0)
            },
            change(regions("heavy-leader-lost", "The leader dies; who lives gets its lead and then its weight")) {
                $0.crash(1, at: 4_000)
                $0.expectations.removeAll { $0.what == "leader changes" }
                $0.expect("leader changes")
                $0.expect("view calculated")
                $0.expect("correct member suspected", min: 0, max: 0)
            },
            change(measured("heavy-and-leader-lost", "A heavy replica dies and then the leader, where two may", n: 9)) {
                // A quorum of those that are near needs all of their weight when one has died.
                $0.f = 2
                $0.matrix = .oneFarAway
                $0.placement = [0, 1, 2, 3, 1, 2, 4, 4, 4]
                $0.leaders = Array(0..<9)
                $0.heavy = [0, 1, 2, 3]
                $0.crash(2, at: 3_000)
                $0.crash(0, at: 9_000)
                $0.expectations.removeAll { $0.what == "leader changes" }
                $0.expect("leader changes")
                $0.expect("view calculated")
                $0.expect("correct member suspected", min: 0, max: 0)
            },
            change(
                measured(
                    "heavy-and-leader-in-turn", "A heavy replica dies and votes again, and then so does the leader",
                    n: 5)
            ) {
                $0.isBeyond = true
                $0.matrix = .oneFarAway
                $0.leaders = Array(0..<5)
                $0.heavy = [0, 1]
                $0.crash(1, at: 2_000, restart: 6_000)
                $0.crash(0, at: 9_000, restart: 13_000)
                $0.expectations.removeAll { $0.what == "leader changes" }
                $0.expect("leader changes")
                $0.expect("view calculated", min: 2)
                $0.expect("view admits a member again", min: 2, max: 2)
                $0.expect("votes again", min: 2)
                $0.expect("calls", min: 200)
            },
        ]
    }

    /// Five regions, begun with the best choice.
    private static func regions(_ name: String, _ about: String) -> Scenario {
        change(measured(name, about, n: 5)) {
            $0.matrix = .fiveRegions
            $0.leaders = [1, 0, 2, 3, 4]
            $0.heavy = [1, 2]
        }
    }
}

extension Scenario {
    /// Everything from these nodes to those takes so many milliseconds more.
    fileprivate mutating func slow(
        from senders: [Int], to receivers: [Int], by delay: UInt64, spread: UInt64 = 0, begin: UInt64, end: UInt64
    ) {
        linkFaults.append(
            LinkFault(
                from: NodeSet(senders), to: NodeSet(receivers), begin: StockScenarios.ms(begin),
                end: StockScenarios.ms(end), kind: .slow(by: .milliseconds(delay), spread: .milliseconds(spread))))
    }

    /// Now the link between replicas 1 and 2 is slow, now that between 1 and 0, for so many milliseconds each.
    package mutating func flap(every period: UInt64) {
        linkFaults = []
        for turn in 0..<14_000 / period {
            let begin = 2_000 + turn * period
            let other = turn % 2 == 0 ? 2 : 0
            slow(from: [1], to: [other], by: 120, begin: begin, end: begin + period)
            slow(from: [other], to: [1], by: 120, begin: begin, end: begin + period)
        }
    }
}
