// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Members that come and go.
extension StockScenarios {
    static var members: [Scenario] { coming + going + operating + sleeping }

    // MARK: - Coming

    private static var coming: [Scenario] {
        [
            change(changing("newcomer", "A fifth replica is added, follows, and becomes a member", newcomers: 1)) {
                $0.plan(100, .add(4))
                $0.expect("learner added", min: 1, max: 1)
                $0.expect("learner promoted", min: 1, max: 1)
                $0.expect("calls", min: 300)
            },
            change(
                changing(
                    "newcomer-restarts", "A newcomer loses everything three times before it is a member", newcomers: 1)
            ) {
                $0.plan(100, .add(4))
                for at in [130, 260, 390] as [UInt64] { $0.crash(4, at: at, restart: at + 60) }
                $0.isolate([4], from: 100, to: 420)
                $0.expect("learner promoted", min: 1)
                $0.expect("learner crashed")
            },
            change(changing("newcomer-lies", "A newcomer lies as a learner and as a member", newcomers: 1)) {
                $0.plan(50, .add(4))
                $0.liars = [LiarPlan(replica: 4, kinds: [.progressLiar, .viewLiar, .doubleVoter, .rejoiner])]
                $0.expect("learner promoted", min: 1)
                $0.expect("newcomer lied", min: 20)
            },
            change(changing("newcomer-given-up", "A newcomer that nobody reaches is taken off again", newcomers: 1)) {
                $0.plan(100, .add(4))
                $0.plan(300, .remove(4), waits: false)
                $0.isolate([4], from: 0, to: 600)
                $0.expect("learner given up", min: 1, max: 1)
                $0.expect("learner promoted", min: 0, max: 0)
                $0.expect("calls", min: 200)
            },
            change(
                changing("newcomer-durable", "A newcomer of a durable group loses power as it follows", newcomers: 1)
            ) {
                $0.settings.isDurable = true
                $0.usesWire = true
                $0.plan(100, .add(4))
                $0.replicaFaults.append(
                    ReplicaFault(replica: 4, at: ms(150), kind: .powerLoss(after: 3, restartAt: ms(200))))
                $0.replicaFaults.append(
                    ReplicaFault(replica: 4, at: ms(300), kind: .powerLoss(after: 5, restartAt: ms(350))))
                $0.expect("learner promoted", min: 1)
            },
            change(
                changing("newcomer-wiped", "A newcomer of a durable group comes back without its disk", newcomers: 1)
            ) {
                $0.settings.isDurable = true
                $0.usesWire = true
                $0.plan(50, .add(4))
                $0.crash(4, at: 400, restart: 500)
                $0.replicaFaults.append(ReplicaFault(replica: 4, at: ms(450), kind: .diskLoss))
                $0.expect("learner promoted", min: 1)
                $0.expect("disk lost", min: 1)
            },
        ]
    }

    // MARK: - Going

    private static var going: [Scenario] {
        [
            change(changing("replaced", "A member is replaced in one step, and leaves", newcomers: 1)) {
                $0.plan(100, .replace(2, by: 4))
                $0.expect("member replaced", min: 1, max: 1)
                $0.expect("replica left", min: 1, max: 1)
                $0.expect("calls", min: 300)
            },
            change(
                changing(
                    "dead-replaced", "A member that is gone for good is replaced, and then another may go", newcomers: 1
                )
            ) {
                $0.crash(3, at: 50)
                $0.plan(150, .replace(3, by: 4))
                $0.plan(200, .administer(needed: 2))
                $0.replicaFaults.append(ReplicaFault(replica: 2, at: ms(210), kind: .crash(restartAt: nil), after: 2))
                $0.expect("member replaced", min: 1)
                $0.expect("replica crashed", min: 2)
                $0.expect("calls", min: 200)
            },
            change(changing("leader-replaced", "The leader is replaced, and crashes while that goes on", newcomers: 1))
            {
                $0.plan(100, .replaceLeader(by: 4))
                $0.isolate([4], from: 100, to: 250)
                $0.crash(0, at: 180, restart: 400)
                $0.expect("leader replaced", min: 1)
                $0.expect("member being replaced crashed")
            },
            change(
                changing(
                    "all-replaced",
                    "One member after the other is replaced, until nobody is there who founded the group", newcomers: 4)
            ) {
                for slot in 0..<4 { $0.plan(100 + 150 * UInt64(slot), .replace(slot, by: 4 + slot)) }
                $0.expect("member replaced", min: 4, max: 4)
                $0.expect("replica left", min: 4)
                $0.expect("calls", min: 400)
            },
            change(changing("removed-lies", "A liar is replaced, and lies on in the view that it was in", newcomers: 1))
            {
                $0.liars = [LiarPlan(replica: 1, kinds: [.formerMember, .replayer, .viewLiar])]
                $0.plan(100, .replace(1, by: 4))
                $0.expect("member replaced", min: 1)
                $0.expect("removed one lied", min: 50)
                $0.expect("calls", min: 300)
            },
            change(
                changing(
                    "shrinks", "A group of seven that bears two faults becomes one of four that bears one", newcomers: 0
                )
            ) {
                $0.n = 7
                $0.f = 2
                $0.plan(100, .tolerate(1))
                for (place, slot) in [6, 0, 5].enumerated() { $0.plan(200 + 100 * UInt64(place), .remove(slot)) }
                $0.expect("f lowered", min: 1)
                $0.expect("member removed", min: 3, max: 3)
                $0.expect("leader removed")
                $0.expect("replica left", min: 3)
            },
        ]
    }

    // MARK: - Operations

    private static var operating: [Scenario] {
        [
            change(changing("grows", "A group of four takes in three and bears two faults from then on", newcomers: 3))
            {
                for slot in 4..<7 { $0.plan(50 + 120 * UInt64(slot - 4), .add(slot)) }
                $0.plan(500, .tolerate(2))
                $0.replicaFaults.append(ReplicaFault(replica: 0, at: ms(600), kind: .crash(restartAt: nil), after: 4))
                $0.replicaFaults.append(ReplicaFault(replica: 3, at: ms(650), kind: .crash(restartAt: nil), after: 4))
                $0.expect("f raised", min: 1)
                $0.expect("learner promoted", min: 3, max: 3)
                $0.expect("replica crashed", min: 2)
                $0.expect("calls", min: 300)
            },
            change(
                changing(
                    "key-rotated", "A durable replica gets another key; whoever has the old one speaks on", newcomers: 0
                )
            ) {
                $0.settings.isDurable = true
                $0.usesWire = true
                $0.plan(100, .rotateKey(2))
                $0.thieves = [LiarPlan(replica: 2, kinds: [.formerMember, .doubleVoter, .viewLiar])]
                $0.expect("key replaced by an operation", min: 1, max: 1)
                $0.expect("replica restarted with another key", min: 1)
                $0.expect("old key spoke", min: 20)
                $0.expect("link refused")
            },
            change(
                changing(
                    "key-rotated-in-memory", "A replica without a disk gets another key, and votes again", newcomers: 0)
            ) {
                $0.plan(100, .rotateKey(0))
                $0.expect("key replaced by an operation", min: 1, max: 1)
                $0.expect("votes again")
            },
            change(
                changing(
                    "rolling-upgrade", "One replica after the other gets a newer program, and then the group speaks it",
                    newcomers: 1)
            ) {
                $0.settings.isDurable = true
                $0.settings.protocolVersion = 1
                $0.timeouts.rejoin = .milliseconds(50)
                for replica in 0..<4 {
                    let at = 200 + 200 * UInt64(replica)
                    $0.crash(replica, at: at, restart: at + 50)
                    $0.oldPrograms.append(OldProgram(replica: replica, until: ms(at + 50)))
                }
                // A newcomer that is not up to it, and is started again with a newer program.
                $0.oldPrograms.append(OldProgram(replica: 4, until: ms(2_300)))
                $0.plan(100, .upgrade)
                $0.plan(600, .upgrade)
                $0.plan(1_600, .upgrade)
                $0.plan(2_000, .add(4))
                $0.heal(at: 2_600)
                $0.expect("versions told", min: 4)
                $0.expect("operation done", min: 2)
                $0.expect("version not spoken", min: 1)
            },
            change(
                changing("administrators-race", "Two administrators change the group at the same time", newcomers: 2)
            ) {
                $0.changes = [
                    ChangePlan(at: ms(100), .add(4)), ChangePlan(at: ms(100), .add(5), administrator: 1, waits: false),
                    ChangePlan(at: ms(300), .administer(needed: 2)),
                    ChangePlan(at: ms(300), .replace(0, by: 4), administrator: 1, waits: false),
                    ChangePlan(at: ms(400), .remove(1), administrator: 0),
                    ChangePlan(at: ms(400), .remove(1), administrator: 1),
                ]
                $0.expect("operation refused because of its number")
                $0.expect("operation repeated in vain")
                $0.expect("operation signed by too few")
                $0.expect("administrators changed", min: 1)
                $0.expect("learner promoted", min: 1)
            },
            change(
                changing(
                    "partitioned-while-added", "The group is cut in halves again and again while somebody comes",
                    newcomers: 1)
            ) {
                $0.plan(100, .replace(3, by: 4))
                for begin in stride(from: UInt64(100), to: 900, by: 200) {
                    $0.isolate([Int(begin / 200) % 4, 4], from: begin, to: begin + 120)
                }
                $0.expect("member replaced", min: 1)
            },
        ]
    }

    // MARK: - Sleeping

    private static var sleeping: [Scenario] {
        [
            change(
                changing(
                    "sleeper", "A replica and a client hear nothing through ten views with other members", newcomers: 2)
            ) {
                $0.heal(at: 2_400)
                for slot in 0..<2 { $0.plan(100 + 250 * UInt64(slot), .replace(slot, by: 4 + slot)) }
                for place in 0..<10 { $0.plan(900 + 100 * UInt64(place), .administer(needed: 2 - place % 2)) }
                $0.isolate([3], from: 60, to: 2_000)
                $0.clientLinkFaults.append(
                    ClientLinkFault(client: 1, replicas: NodeSet(Array(0..<6)), begin: ms(60), end: ms(2_000)))
                $0.expect("member replaced", min: 2, max: 2)
                $0.expect("operation done", min: 12)
                $0.expect("chain told to who connects")
                $0.expect("replica slept through members' changes")
                $0.expect("client slept through members' changes")
            }
        ]
    }

    // MARK: - What they have in common

    private static func changing(_ name: String, _ about: String, newcomers: Int) -> Scenario {
        change(calm(name, about)) {
            $0.newcomers = Array(repeating: NewcomerPlan(startsAt: ms(20)), count: newcomers)
            $0.timeouts.farewell = .milliseconds(200)
            $0.clients = $0.clients.map {
                var client = $0
                client.operationsMax = 1_000
                return client
            }
            $0.heal(at: 1_200)
        }
    }
}

extension Scenario {
    fileprivate mutating func plan(_ at: UInt64, _ change: ChangePlan.Change, waits: Bool = true) {
        changes.append(ChangePlan(at: StockScenarios.ms(at), change, waits: waits))
    }

    fileprivate mutating func heal(at: UInt64) {
        healsAt = StockScenarios.ms(at)
        clientsUntil = StockScenarios.ms(at)
    }
}
