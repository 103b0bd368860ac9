// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// One liar each, among leader changes, losses and a replica that falls behind.
extension StockScenarios {
    static var liars: [Scenario] {
        [
            troubled(
                "foreign-collects", "Collects of another instance or regency are refused", [.replayer, .claimLiar]),
            troubled("accepts-of-one-instance", "ACCEPTs of one instance prove no other", [.certificateForger]),
            troubled("unproved-base", "An unproved 'last decided 999' wins nothing and crashes nothing", [.claimLiar]),
            troubled("collects-count-once", "Several collects of one replica count once", [.claimLiar, .doubleVoter]),
            troubled("forged-request", "A forged request in a proposal is never voted for", [.forgingLeader]),
            troubled("replies-per-sender", "Replies are counted per authenticated sender", [.replyLiar]),
            troubled("two-bound-digests", "Two bound digests resolve alike everywhere", [.equivocatingLeader]),
            troubled(
                "replies-of-two-epochs", "Tentative or final replies of different epochs never make one quorum",
                [.replyLiar, .decidedLiar]),
            troubled("silent-leader", "A leader that says nothing loses its place", [.silentLeader]),
            change(calm("slow-leader", "A leader that is slow, but quicker than the timeouts, loses its place")) {
                $0.liars = [LiarPlan(replica: 0, kinds: [.delayer])]
                // The liar feels its way: it must be found out before it goes too far.
                $0.timeouts.probe = .milliseconds(10)
                $0.timeouts.requestMin = .milliseconds(100)
                $0.clients = $0.clients.map {
                    var client = $0
                    client.operationsMax = 2_000
                    client.thinkMax = .milliseconds(4)
                    return client
                }
                $0.healsAt = ms(3_000)
                $0.clientsUntil = ms(3_000)
                $0.expect("leader found slow")
                $0.expect("STOP: slowLeader")
                $0.expect("leader changes")
            },
            change(
                troubled("false-distances", "Who lies about its distance looks no nearer than it is", [.latencyLiar])
            ) {
                $0.settings.measuringPermille = 500
                $0.timeouts.measure = .milliseconds(50)
                $0.timeouts.challenge = .milliseconds(50)
                $0.settings.calculationPeriod = 16
                $0.timeouts.report = .milliseconds(50)
                $0.expect("latency measured", min: 500)
                $0.expect("calculations", min: 2)
                $0.expect("reports calculated with", min: 8)
            },
            troubled("left-out", "A replica that a lying leader leaves out learns the decision", [.selectiveSender]),
        ]
    }

    private static func troubled(_ name: String, _ about: String, _ kinds: [LiarKind]) -> Scenario {
        change(calm(name, about)) {
            // STOPDATA is made by who does not lead: there the liar is a follower.
            let isFollower = kinds.contains(.claimLiar)
            $0.liars = [LiarPlan(replica: isFollower ? 2 : 0, kinds: kinds)]
            $0.links.lossPermille = 30
            $0.isolate([3], from: 50, to: 200)
            $0.isolate([0], from: 220, to: 590)
            for kind in kinds { $0.expect(kind.rawValue) }
            $0.expect("leader changes")
        }
    }
}
