// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Clients that mean harm, or have a hard time.
extension StockScenarios {
    static var clients: [Scenario] {
        [
            change(calm("squatted-names", "Client ids cannot be squatted, sessions cannot be reset by others")) {
                $0.clients.append(malicious([.foreign, .openMany, .unknownSession]))
                $0.expect("client: foreign")
                $0.expect("calls", min: 80)
            },
            change(calm("partial-client", "A client that sends to some replicas only costs one leader change")) {
                $0.timeouts.strict = .seconds(5)
                $0.clients.append(malicious([.partial]))
                $0.expect("client: partial")
                $0.expect("leader changes", min: 1, max: 1)
            },
            change(calm("reads-back-in-time", "Reads cannot go back in time (x=1, x=2, x=1)")) {
                $0.faultModel = .crash
                $0.n = 3
                $0.settings.batchRequestsMax = 1
                $0.links.slowPermille = 200
                $0.links.slowExtra = .milliseconds(10)
                for place in $0.clients.indices {
                    $0.clients[place].flips = true
                    $0.clients[place].readPermille = place == 0 ? 1_000 : 0
                    $0.clients[place].thinkMax = place == 0 ? .microseconds(50) : .milliseconds(6)
                }
                $0.expect("calls", min: 80)
                $0.expect("sent READ-REPLY")
            },
            change(calm("six-before-five", "Sequence 6 ordered before 5 loses neither")) {
                for place in $0.clients.indices { $0.clients[place].pipeline = 8 }
                $0.trouble(.lossy(permille: 300), [.request], from: 0, to: 500)
                $0.isolate([0], from: 100, to: 300)
                $0.expect("executed after a later one of its session")
                $0.expect("leader changes")
                $0.expect("calls", min: 80)
            },
            change(calm("repeated-open", "A repeated OPEN opens nothing")) {
                // A leader that lists entries twice.
                $0.seed = 2
                $0.liars = [LiarPlan(replica: 0, kinds: [.mutator])]
                for place in $0.clients.indices { $0.clients[place].sessions = 4 }
                $0.clients.append(malicious([.openMany]))
                $0.expect("verdict: opened before")
                $0.expect("calls", min: 80)
            },
            change(calm("late-open", "An OPEN that comes to a replica late is answered, and ends no regency")) {
                $0.trouble(.clog, [.request], reaching: [3], from: 0, to: 300)
                $0.expect("opening told again")
                $0.expect("leader changes", min: 0, max: 0)
            },
            change(calm("differing-requests", "A client that gives each replica another request ends one regency")) {
                $0.timeouts.strict = .seconds(5)
                $0.clients.append(malicious([.conflicting]))
                $0.expect("client: conflicting")
                $0.expect("leader changes", min: 1, max: 1)
            },
            change(calm("broken-connections", "Connections of one client that break disturb no other")) {
                for begin in stride(from: UInt64(0), to: 500, by: 50) {
                    $0.clientLinkFaults.append(
                        ClientLinkFault(
                            client: 0, replicas: NodeSet([0, 1, 2, 3]), begin: ms(begin), end: ms(begin + 25)))
                }
                $0.expect("client link down", min: 40)
                $0.expect("leader changes", min: 0, max: 1)
            },
            change(calm("signed-results", "A receipt is of what was executed, over views, leader changes and a liar")) {
                $0.settings.executesTentatively = true
                $0.liars = [LiarPlan(replica: 1, kinds: [.equivocatingLeader])]
                $0.isolate([0], from: 100, to: 250)
                $0.reconfigurations = [
                    ReconfigurationPlan(at: ms(60), firstHeavy: 1, firstLeader: 1),
                    ReconfigurationPlan(at: ms(350), firstHeavy: 2, firstLeader: 2),
                ]
                for place in $0.clients.indices { $0.clients[place].wantsReceipts = true }
                $0.expect("leader changes")
                $0.expect("calls", min: 80)
            },
        ]
    }

    private static func malicious(_ acts: [ClientMalice.Act]) -> ClientPlan {
        var plan = ClientPlan()
        plan.malice = ClientMalice(acts: acts)
        return plan
    }
}
