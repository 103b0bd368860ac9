// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Replicas that have lost their votes and are admitted again.
extension StockScenarios {
    static var rejoining: [Scenario] {
        [
            change(
                lasting(
                    "restarts-in-turn", "All replicas crash, one after the other, and each votes again before the next")
            ) {
                $0.isBeyond = true
                for replica in 0..<4 {
                    $0.crash(replica, at: 200 + 600 * UInt64(replica), restart: 300 + 600 * UInt64(replica))
                }
                $0.expect("votes again", min: 4)
                $0.expect("learner", min: 4)
                $0.expect("calls", min: 300)
            },
            change(
                lasting(
                    "incarnation-of-before", "A replica crashes, votes again, and crashes in the view that admits it")
            ) {
                $0.crash(3, at: 200, restart: 250)
                $0.crash(3, at: 700, restart: 720)
                $0.expect("learner", min: 2)
                $0.expect("votes again", min: 2)
                $0.expect("view admits a member again", min: 2, max: 2)
            },
            change(lasting("rejoiner", "A member that lost nothing asks all the time to be admitted again")) {
                $0.liars = [LiarPlan(replica: 1, kinds: [.rejoiner])]
                $0.expect("rejoiner")
                // 100 ms, 200, 400 and so on.
                $0.expect("view admits a member again", min: 1, max: 6)
            },
        ]
    }

    private static func lasting(_ name: String, _ about: String) -> Scenario {
        change(calm(name, about)) {
            $0.clients = $0.clients.map {
                var client = $0
                client.operationsMax = 1_200
                return client
            }
            $0.healsAt = ms(2_800)
            $0.clientsUntil = ms(2_800)
        }
    }
}
