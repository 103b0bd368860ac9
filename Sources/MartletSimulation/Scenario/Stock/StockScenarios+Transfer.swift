// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// A replica that was away for longer than decisions are kept fetches a state of many chunks.
extension StockScenarios {
    static var transfer: [Scenario] {
        [
            change(behind("fetches-from-liars", "Whoever fetches a state from others, f of them liars, gets it")) {
                $0.n = 7
                $0.f = 2
                $0.liars = [1, 2].map { LiarPlan(replica: $0, kinds: [.transferLiar]) }
                $0.isolate([6], from: 30, to: 400)
                $0.expect("transfer liar")
                $0.expect("manifest or chunk served", min: 10)
            },
            change(behind("source-dies", "A member that a state is fetched from dies while it is")) {
                $0.isolate([3], from: 30, to: 400)
                // It is asked again and again, and comes back without what it had.
                $0.trouble(.slow(by: .milliseconds(15)), [.chunk], from: 400, to: 1_000)
                $0.crash(1, at: 445, restart: 700)
                $0.expect("manifest or chunk served", min: 20)
                $0.expect("replica restarted")
            },
            change(behind("fetches-under-load", "A replica gets its state, and the others', while they are at work")) {
                $0.isolate([3], from: 30, to: 300)
                // Many checkpoints become stable until it knows which chunks it lacks, and more until they are there.
                $0.trouble(.slow(by: .milliseconds(100)), [.manifest, .chunk], from: 300, to: 1_500)
                $0.healsAt = ms(1_500)
                $0.clientsUntil = ms(1_500)
                for place in $0.clients.indices { $0.clients[place].operationsMax = 4_000 }
                $0.expect("manifest or chunk served", min: 20)
                $0.expect("checkpoint installed", min: 1, max: 1)
                $0.expect("checkpoint stable", min: 100)
                $0.expect("caught up")
            },
            change(
                behind("rotten-under-load", "A replica with a wrong state gets a right one while others are at work")
            ) {
                $0.replicaFaults.append(ReplicaFault(replica: 3, at: ms(60), kind: .rot))
                // The others' checkpoints become stable all the time until the right chunks are there.
                $0.trouble(.slow(by: .milliseconds(60)), [.manifest, .chunk], from: 60, to: 1_500)
                $0.healsAt = ms(1_500)
                $0.clientsUntil = ms(1_500)
                for place in $0.clients.indices { $0.clients[place].operationsMax = 4_000 }
                $0.expect("replica's memory rots")
                $0.expect("seen: conflictingCheckpoint")
                $0.expect("checkpoint stable", min: 50)
            },
        ]
    }

    private static func behind(_ name: String, _ about: String) -> Scenario {
        change(calm(name, about)) {
            for place in $0.clients.indices {
                $0.clients[place].operationsMin = 100
                $0.clients[place].operationsMax = 1_000
                $0.clients[place].valueBytes = 200
                $0.clients[place].putsOnly = true
                $0.clients[place].pipeline = 4
            }
            $0.healsAt = ms(1_000)
            $0.clientsUntil = ms(1_000)
            $0.expect("checkpoint installed")
        }
    }
}
