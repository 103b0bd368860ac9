// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Clients that are admitted and expelled while the group runs.
extension StockScenarios {
    static var access: [Scenario] {
        [
            change(serving("expelled-client", "A client of an open group is expelled, and served again")) {
                $0.plan(200, .expel(1))
                $0.plan(700, .admit(1))
                $0.expect("refusal: accessDenied")
                $0.expect("operation done", min: 2)
                $0.expect("calls", min: 200)
            },
            change(
                serving("outcast-leader", "A leader has requests of a client ordered that was expelled: to no effect")
            ) {
                $0.plan(100, .expel(1))
                $0.liars = [LiarPlan(replica: 0, kinds: [.outcastLeader])]
                $0.expect("verdict: access denied", min: 3)
                $0.expect("calls", min: 200)
            },
            change(serving("admitted-late", "Two of three clients are on the list, and the third comes onto it later"))
            {
                $0.clients.append($0.clients[0])
                $0.listedClients = [0, 1]
                $0.plan(300, .admit(2))
                $0.plan(700, .serve(anyone: true))
                $0.expect("refusal: accessDenied")
                $0.expect("operation done", min: 2)
                $0.expect("calls", min: 200)
            },
            change(
                serving(
                    "expelled-by-some",
                    "Two members are cut off while clients are expelled and admitted, and a third restarts")
            ) {
                $0.settings.isDurable = true
                $0.usesWire = true
                $0.plan(100, .expel(1))
                $0.plan(250, .serve(anyone: false))
                $0.plan(400, .admit(0))
                $0.plan(500, .admit(1))
                $0.isolate([3], from: 80, to: 420)
                $0.crash(2, at: 450, restart: 600)
                $0.expect("operation done", min: 3)
            },
        ]
    }

    private static func serving(_ name: String, _ about: String) -> Scenario {
        change(calm(name, about)) {
            $0.clients = $0.clients.map {
                var client = $0
                client.operationsMax = 1_000
                return client
            }
            $0.healsAt = ms(1_200)
            $0.clientsUntil = ms(1_200)
        }
    }
}

extension Scenario {
    fileprivate mutating func plan(_ at: UInt64, _ change: ChangePlan.Change) {
        changes.append(ChangePlan(at: StockScenarios.ms(at), change))
    }
}
