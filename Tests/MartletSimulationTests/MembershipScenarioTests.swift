// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletSimulation

@Suite("Scenarios with members that come and go")
struct MembershipScenarioTests {
    private static func ms(_ milliseconds: UInt64) -> Instant { .zero + .milliseconds(milliseconds) }

    private static func scenario(newcomers: Int, _ changes: [ChangePlan.Change]) -> Scenario {
        var scenario = Scenarios.calm()
        scenario.healsAt = ms(1_000)
        scenario.newcomers = Array(repeating: NewcomerPlan(), count: newcomers)
        scenario.changes = changes.enumerated().map { ChangePlan(at: ms(UInt64(100 * $0)), $1) }
        return scenario
    }

    // MARK: Budget

    @Test("Whoever was replaced may be as faulty as whoever comes, but not both beside a third one")
    func budget() {
        var scenario = Self.scenario(newcomers: 1, [.replace(3, by: 4)])
        scenario.liars = [LiarPlan(replica: 3, kinds: [.replayer]), LiarPlan(replica: 4, kinds: [.replayer])]
        #expect(scenario.complaint == nil)
        scenario.liars[1] = LiarPlan(replica: 2, kinds: [.replayer])
        #expect(scenario.complaint?.contains("more than f = 1") == true)
        // One after the other is what replacing is for.
        scenario.liars = [LiarPlan(replica: 3, kinds: [.replayer])]
        scenario.replicaFaults = [ReplicaFault(replica: 2, at: Self.ms(200), kind: .crash(restartAt: nil))]
        #expect(scenario.complaint?.contains("members together") == true)
        scenario.replicaFaults = [
            ReplicaFault(replica: 2, at: Self.ms(200), kind: .crash(restartAt: nil), after: 1)
        ]
        #expect(scenario.complaint?.contains("members together") == true)
        scenario.changes.append(ChangePlan(at: Self.ms(150), .administer(needed: 1)))
        scenario.replicaFaults = [
            ReplicaFault(replica: 2, at: Self.ms(200), kind: .crash(restartAt: nil), after: 2)
        ]
        #expect(scenario.complaint == nil)
    }

    @Test("Where two administrators race, all that might be members count together")
    func race() {
        var scenario = Self.scenario(newcomers: 1, [.replace(3, by: 4)])
        scenario.liars = [LiarPlan(replica: 3, kinds: [.replayer]), LiarPlan(replica: 4, kinds: [.replayer])]
        scenario.changes.append(ChangePlan(at: Self.ms(1), .remove(2), administrator: 1))
        #expect(scenario.complaint?.contains("liars may be members together") == true)
    }

    @Test("More faults are borne once f is greater, and fewer once it is less")
    func tolerance() {
        var scenario = Self.scenario(newcomers: 3, [.add(4), .add(5), .add(6), .tolerate(2)])
        for replica in 0...1 {
            scenario.replicaFaults.append(
                ReplicaFault(replica: replica, at: Self.ms(1), kind: .crash(restartAt: nil), after: 4))
        }
        #expect(scenario.complaint == nil)
        scenario.changes.append(ChangePlan(at: Self.ms(900), .tolerate(1)))
        #expect(scenario.complaint != nil)
    }

    @Test(
        "What cannot be is said: founders that are added, replicas and administrators that are not there, thieves of nothing"
    )
    func complaints() {
        #expect(Self.scenario(newcomers: 1, [.add(3)]).complaint?.contains("from the beginning") == true)
        #expect(Self.scenario(newcomers: 1, [.remove(5)]).complaint == "there is no replica 5")
        #expect(Self.scenario(newcomers: 0, [.administer(needed: 3)]).complaint?.contains("2 administrators") == true)
        var scenario = Self.scenario(newcomers: 0, [.tolerate(1)])
        scenario.thieves = [LiarPlan(replica: 2, kinds: [.replayer])]
        #expect(scenario.complaint?.contains("no old key") == true)
    }

    // MARK: Links of clients

    @Test("A client's link comes up under the key that its view tells, and with another key it is another link")
    func links() throws {
        let world = World(Self.scenario(newcomers: 1, [.add(4)]), trace: Trace(nil))
        let view = world.view
        var links = FollowedLinks(view)
        #expect(links.start().count == 4)
        let newcomer = Member(
            id: ReplicaID(4), key: world.keys.replicas[4].publicKey, host: "r4", port: 1, isHeavy: false)
        #expect(!links.isUp(ReplicaID(4)))
        #expect(links.follow(view.members + [newcomer]).isEmpty)
        #expect(links.changed(ReplicaID(4), .up(newcomer.key, .genesis)).count == 1)
        #expect(links.isUp(ReplicaID(4)))
        // Its key changes, first there and then in the view.
        #expect(links.changed(ReplicaID(4), .down).count == 1)
        #expect(links.changed(ReplicaID(4), .up(world.keys.later[4].publicKey, .genesis)).isEmpty)
        #expect(!links.isUp(ReplicaID(4)))
        let updated = Member(
            id: ReplicaID(4), key: world.keys.later[4].publicKey, host: "r4", port: 1, isHeavy: false)
        #expect(links.follow(view.members + [updated]).count == 2)
        #expect(links.isUp(ReplicaID(4)))
        #expect(links.changed(ReplicaID(7), .up(newcomer.key, .genesis)).isEmpty)
    }

    // MARK: Generator

    /// Seed 16810: a crash that found the replica down already was to bring the newer program, so that the upgrade waited for ever.
    @Test("Whoever starts again once its newer program is there has it: whichever of its crashes that was")
    func newerPrograms() {
        var several = 0
        for seed in 1...2_000 as ClosedRange<UInt64> {
            let scenario = ScenarioGenerator.scenario(seed: seed)
            for old in scenario.oldPrograms where old.replica < scenario.n {
                let restarts = scenario.replicaFaults.filter { $0.replica == old.replica }.compactMap(\.restartsAt)
                #expect(restarts.allSatisfy { $0 >= old.until }, "seed \(seed)")
                several += restarts.count > 1 ? 1 : 0
            }
        }
        #expect(several > 20)
    }

    /// Seed 14874: two hundred attempts, each of which took most of a second, and the newcomer that was planned for later never came.
    @Test("What the group's version knows nothing of, its administrator gives up at once, and goes on with the rest")
    func versionTooOld() {
        var scenario = Self.scenario(newcomers: 0, [.expel(1), .administer(needed: 2)])
        scenario.settings.protocolVersion = 1
        var (refused, followed) = (0, 0)
        let report = Simulator.run(scenario) { line in
            if line.contains("executes"), line.contains("can be changed from version") { refused += 1 }
            if line.contains("viewBegun(2,") { followed += 1 }
        }
        #expect(report.violations.isEmpty)
        #expect((1...scenario.n).contains(refused))
        #expect(followed == scenario.n)
    }

    @Test("A good share of seeds has members that come and go, all within what a group must survive")
    func drawn() {
        var count = 0
        for seed in 1...300 as ClosedRange<UInt64> {
            let scenario = ScenarioGenerator.scenario(seed: seed)
            #expect(scenario.complaint == nil, "seed \(seed)")
            if !scenario.changes.isEmpty { count += 1 }
        }
        #expect(count > 80)
    }
}
