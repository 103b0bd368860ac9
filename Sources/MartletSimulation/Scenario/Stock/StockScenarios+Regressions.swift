// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Leader changes at the worst moment.
extension StockScenarios {
    static var regressions: [Scenario] {
        [
            change(calm("first-epoch-lock", "A lock of the first epoch counts as a lock")) {
                // Replica 3 alone decides and is then alone; the others, who hold no more than locks, change the leader.
                $0.trouble(.cut, [.accept, .decided, .decisions, .batchBody], reaching: [0, 1, 2], from: 0, to: 200)
                $0.isolate([3], from: 30, to: 500)
                $0.expect("settled: bound, decided by no base", min: 2)
            },
            change(calm("three-of-four-start", "A group of four starts with one replica missing")) {
                $0.crash(3, at: 0)
                $0.expect("leader changes", min: 0, max: 0)
                $0.expect("calls", min: 80)
            },
            change(calm("timeouts-recover", "Timeouts back off and recover")) {
                // Three leaders in vain, one for twice as long as the other. Then the fourth, which led well for long, dies: had
                // nothing shrunk again, nobody would ask for the fifth before the clients stop.
                $0.timeouts.requestMax = .seconds(10)
                $0.timeouts.probe = .seconds(10)
                $0.trouble(.cut, [.propose], from: 50, to: 600)
                $0.crash(3, at: 1_200)
                $0.healsAt = ms(1_600)
                $0.clientsUntil = ms(1_600)
                for place in $0.clients.indices {
                    $0.clients[place].operationsMin = 10
                    $0.clients[place].operationsMax = 3_000
                }
                $0.expect("leader changes", min: 4, max: 4)
                $0.expect("calls", min: 1_250)
            },
            change(calm("no-vote-after-stopdata", "No vote of an older regency after STOPDATA")) {
                $0.trouble(.clog, [.write, .accept], from: 40, to: 400)
                $0.expect("messages clogged")
                $0.expect("leader changes")
            },
            change(calm("hole-below-decided", "A hole below what is bound, and then decided, is filled")) {
                // Nobody has a lock, for no WRITE arrives; the liar says that it has one, on the highest instance alone.
                $0.timeouts.probe = .seconds(10)
                for place in $0.clients.indices { $0.clients[place].pipeline = 4 }
                $0.liars = [LiarPlan(replica: 2, kinds: [.claimLiar])]
                $0.trouble(.cut, [.write], from: 50, to: 180)
                $0.isolate([0], from: 80, to: 590)
                $0.expect("settled: empty below a bound one")
                $0.expect("leader changes", min: 1, max: 1)
            },
            change(calm("settled-value-kept", "A new leader proposes what was settled, or is not voted for")) {
                $0.liars = [LiarPlan(replica: 1, kinds: [.equivocatingLeader])]
                $0.trouble(.cut, [.accept, .decided, .decisions, .batchBody], reaching: [0, 1, 2], from: 0, to: 100)
                $0.isolate([3], from: 30, to: 500)
                $0.expect("settled: bound, decided by no base")
                $0.expect("refused: outcomeDiffers")
            },
            change(calm("bound-not-judged", "A bound batch is not judged anew: time, authenticity")) {
                // Replicas 2 and 3 know of no request whether it is authentic: they follow 0 and 1, and then 0 is gone. When
                // somebody leads again the batches' time is long over; what they hold must be answered all the same, at once.
                $0.settings.clockBoundMilliseconds = 100
                $0.trouble(.cut, [.request, .forwarded, .vouches], reaching: [2, 3], from: 20, to: 2_000)
                $0.trouble(.cut, [.accept], from: 20, to: 350)
                $0.isolate([0], from: 60, to: 2_000)
                $0.trouble(.cut, [.stopData], from: 60, to: 340)
                $0.healsAt = ms(2_000)
                $0.clientsUntil = ms(300)
                for place in $0.clients.indices { $0.clients[place].operationsMin = 10 }
                $0.expect("settled: bound, decided by no base", min: 4)
                $0.expect("leader changes", min: 2, max: 2)
            },
            change(calm("stopdata-complete", "STOPDATA names what was voted in, also when the base cannot be proved")) {
                $0.settings.window = 8
                $0.liars = [LiarPlan(replica: 1, kinds: [.certificateForger])]
                $0.isolate([0], from: 100, to: 400)
                $0.expect("leader changes")
                $0.expect("sent STOPDATA", min: 2)
                // What one can prove the others must settle.
                $0.expect("settled: empty below a bound one", min: 0, max: 0)
            },
            change(calm("lost-stops", "A lost STOP does not end the group")) {
                $0.crash(0, at: 50)
                $0.trouble(.lossy(permille: 800), [.stop], from: 0, to: 500)
                $0.expect("leader changes")
                $0.expect("messages lost")
            },
            change(calm("queueing", "Requests that queue behind full batches end no regency")) {
                // No leader could answer them within both stages of the shortest timeout.
                $0.settings.batchRequestsMax = 1
                $0.links.delayMin = .milliseconds(2)
                var client = $0.clients[0]
                client.pipeline = 32
                client.readPermille = 0
                client.thinkMax = .microseconds(100)
                $0.clients = Array(repeating: client, count: 4)
                $0.expect("calls that outlast both timeout stages", min: 100)
                $0.expect("leader changes", min: 0, max: 0)
            },
            change(calm("far-behind", "A replica that is far behind does not ask for another leader")) {
                // It is told how far the others are and what clients sign, and nothing that is decided.
                let deciding: [MessageKind] = [
                    .propose, .write, .accept, .decided, .decisions, .batchBody, .checkpointOffer, .manifest, .chunk,
                    .forwarded, .sync,
                ]
                $0.trouble(.cut, deciding, reaching: [3], from: 20, to: 580)
                for place in $0.clients.indices {
                    $0.clients[place].signs = true
                    $0.clients[place].operationsMax = 600
                }
                $0.expect("fell behind")
                $0.expect("STOP sent", min: 0, max: 0)
            },
            change(calm("rolled-back-beyond-answered", "What follows an answered instance is undone, that is not")) {
                // Clients have answers of what all have locked and nobody has decided. Then replica 3 alone locks and executes
                // what follows, and is alone; the others settle what was answered and order something else after it.
                $0.settings.executesTentatively = true
                $0.settings.window = 16
                $0.settings.checkpointPeriod = 16
                $0.trouble(.cut, [.accept, .decided, .decisions, .batchBody], from: 40, to: 450)
                $0.trouble(.cut, [.write], reaching: [0, 1, 2], from: 43, to: 160)
                $0.isolate([3], from: 60, to: 400)
                $0.expect("tentative: executed")
                $0.expect("settled: bound, decided by no base")
                $0.expect("leader changes")
                $0.expect("rolled back")
                $0.expect("calls", min: 80)
            },
            change(calm("promise-by-catching-up", "Entering a regency by catching up is a promise too")) {
                $0.isolate([3], from: 30, to: 300)
                $0.isolate([0], from: 80, to: 250)
                $0.expect("leader changes")
                $0.expect("messages cut off")
            },
        ]
    }
}
