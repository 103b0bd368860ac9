// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Durable groups whose disks lose power, fail and are full.
extension StockScenarios {
    static var disks: [Scenario] {
        [
            change(
                durable(
                    "power-lost-by-all", "All replicas lose power at once, three times, in the midst of what they write"
                )
            ) {
                for at in [110, 300, 500] as [UInt64] { $0.losePower(Array(0..<4), at: at, for: 60) }
                $0.expect("replica lost power in a write", min: 3)
                $0.expect("replica restarted", min: 12)
                $0.expect("leader changes")
            },
            change(durable("power-lost-in-turn", "Each replica in turn loses power, and the group goes on meanwhile")) {
                for place in 0..<4 { $0.losePower([place], at: UInt64(100 + 120 * place), for: 80) }
                $0.expect("replica restarted", min: 4)
            },
            change(
                durable(
                    "disks-that-fail", "A quarter of all syncs fail; snapshots that could not be kept are tried again")
            ) {
                $0.diskSyncErrorPermille = 250
                $0.settings.checkpointPeriod = 8
                $0.expect("log could not be written", min: 20)
                $0.expect("snapshot not kept", min: 2)
                $0.expect("checkpoint stable", min: 4)
            },
            change(durable("full-disks", "All disks are full for a while, and the group goes on when they are not")) {
                for place in 0..<4 {
                    $0.replicaFaults.append(
                        ReplicaFault(replica: place, at: ms(UInt64(100 + 20 * place)), kind: .diskFull(until: ms(400))))
                }
                $0.expect("log broken", min: 2)
                $0.expect("log mended", min: 2)
            },
            change(
                durable(
                    "disks-that-stall",
                    "A leader's disk stands still, and then two others in turn; one is slow: none keeps more than it may"
                )
            ) {
                for (place, begin, end) in [(0, 100, 350), (2, 300, 500), (3, 520, 690)] as [(Int, UInt64, UInt64)] {
                    $0.replicaFaults.append(
                        ReplicaFault(replica: place, at: ms(begin), kind: .diskStall(until: ms(end))))
                }
                $0.replicaFaults.append(
                    ReplicaFault(replica: 1, at: ms(50), kind: .diskSlow(by: .milliseconds(8), until: ms(700))))
                $0.settings.checkpointPeriod = 8
                $0.settings.window = 4
                $0.expect("waited for its disk", min: 2)
                $0.expect("disk kept up again", min: 2)
            },
            change(
                durable(
                    "disk-damage-mended",
                    "A disk is damaged again and again, each time seen and mended before the power goes")
            ) {
                $0.settings.checkpointPeriod = 64
                for at in [200, 300, 400] as [UInt64] {
                    $0.replicaFaults.append(
                        ReplicaFault(replica: 2, at: ms(at), kind: .diskDamage(seenAfter: .milliseconds(5))))
                }
                $0.losePower([2], at: 550, for: 50)
                $0.expect("disk damaged", min: 2)
                $0.expect("damage mended", min: 2)
                $0.expect("damaged log written again", min: 2)
                $0.expect("asked to vote again", min: 0, max: 0)
            },
            change(
                durable(
                    "disk-damage-unseen",
                    "A disk is damaged and nobody looks; its replica begins anew and is admitted again")
            ) {
                for at in 410...413 as ClosedRange<UInt64> {
                    $0.replicaFaults.append(ReplicaFault(replica: 2, at: ms(at), kind: .diskDamage(seenAfter: nil)))
                }
                $0.losePower([2], at: 400, for: 30)
                $0.expect("disk damaged", min: 1)
                $0.expect("votes again", min: 1)
            },
            change(durable("disk-lost", "A replica that is down loses its disk; it begins anew and is admitted again"))
            {
                $0.losePower([2], at: 200, for: 60)
                $0.replicaFaults.append(ReplicaFault(replica: 2, at: ms(250), kind: .diskLoss))
                $0.expect("disk lost", min: 1)
                $0.expect("votes again", min: 1)
            },
            change(
                durable("power-lost-with-a-liar", "All that do not lie lose power while the first leader equivocates")
            ) {
                $0.liars = [LiarPlan(replica: 0, kinds: [.equivocatingLeader])]
                for at in [60, 200] as [UInt64] { $0.losePower([1, 2, 3], at: at, for: 50) }
                $0.expect("replica restarted", min: 6)
                $0.expect("leader changes")
            },
        ]
    }

    private static func durable(_ name: String, _ about: String) -> Scenario {
        var scenario = calm(name, about)
        scenario.usesWire = true
        scenario.settings.isDurable = true
        scenario.settings.checkpointPeriod = 16
        scenario.healsAt = ms(700)
        scenario.clientsUntil = ms(800)
        return scenario
    }
}

extension Scenario {
    /// After one to some operations of each disk.
    fileprivate mutating func losePower(_ places: [Int], at begin: UInt64, for milliseconds: UInt64) {
        for place in places {
            replicaFaults.append(
                ReplicaFault(
                    replica: place, at: Instant.zero + .milliseconds(begin),
                    kind: .powerLoss(
                        after: 1 + 2 * place, restartAt: Instant.zero + .milliseconds(begin + milliseconds))))
        }
    }
}
