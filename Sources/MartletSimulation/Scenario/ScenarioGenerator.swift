// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Draws a scenario from a seed, nearly always within what the group must survive: at most f replicas lie, crash or have
/// clocks that are too wrong, the others are cut off, paused and slowed down only until the network heals. A few seeds go
/// beyond that, and say so.
package struct ScenarioGenerator {
    var random: SeededRandom
    var scenario: Scenario

    package static func scenario(seed: UInt64) -> Scenario {
        var generator = ScenarioGenerator(seed: seed)
        return generator.make()
    }

    private init(seed: UInt64) {
        // Apart from the world's own source, which has the same seed.
        random = SeededRandom(seed: seed ^ 0x5CE9_A210_0000_0000)
        scenario = Scenario(seed: seed)
    }

    private mutating func make() -> Scenario {
        makeGroup()
        makeSettings()
        makeTimes()
        makeLinks()
        makeFaults()
        makeClients()
        scenario.usesWire = random.chance(permille: 100)
        scenario.usesRealSignatures = random.chance(permille: 20)
        makeDistances()
        makeTroubledLinks()
        makeClientLinks()
        makeClocks()
        makeSecondCrashes()
        makeLeaderChange()
        if random.chance(permille: 30) { goBeyond() }
        if random.chance(permille: 200) { makeJoinedKeys() }
        makeRot()
        if random.chance(permille: scenario.n == 3 ? 600 : 100) { makeFlips() }
        makeMeasuring()
        if random.chance(permille: 400) { makeViews() }
        if random.chance(permille: 80) { makeImpatient() }
        if random.chance(permille: 400) { makeDurable() }
        if random.chance(permille: 450) { makeMembers() }
        makeAccess()
        return scenario
    }

    // MARK: - The group

    private mutating func makeGroup() {
        scenario.faultModel = random.chance(permille: 800) ? .byzantine : .crash
        switch scenario.faultModel {
        case .byzantine:
            scenario.f = random.chance(permille: 850) ? 1 : 2
            scenario.n = scenario.f == 2 ? 7 : random.pick([4, 4, 4, 5, 6])
        case .crash:
            scenario.f = random.chance(permille: 600) ? 1 : 2
            scenario.n = scenario.f == 1 ? random.pick([3, 4, 5]) : random.pick([5, 6, 7])
        }
    }

    private mutating func makeSettings() {
        scenario.settings.window = random.pick([1, 2, 3, 4, 8, 16])
        scenario.settings.batchRequestsMax = random.pick([1, 2, 4, 8])
        scenario.settings.batchBytesMax = 1024
        scenario.settings.requestBytesMax = 1024
        scenario.settings.checkpointPeriod = random.pick([8, 8, 16, 32])
        scenario.settings.pipelineMax = random.pick([4, 8, 64])
        scenario.settings.sessionsPerClientMax = random.pick([2, 4, 16])
        scenario.settings.hasUnorderedReads = random.chance(permille: 800)
        scenario.settings.executesTentatively = random.chance(permille: 400)
    }

    /// Half of the groups measure their links.
    private mutating func makeMeasuring() {
        guard random.chance(permille: 500) else { return }
        scenario.settings.measuringPermille = random.pick([50, 200, 500, 1_000])
        scenario.settings.goalMicroseconds = random.pick([0, 0, 1_000])
        scenario.timeouts.measure = .milliseconds(80)
        scenario.timeouts.challenge = .milliseconds(100)
        scenario.timeouts.report = .milliseconds(UInt64(random.pick([100, 300, 1_000])))
        scenario.settings.calculationPeriod = max(2 * scenario.settings.window, random.pick([16, 32, 64]))
        for place in scenario.liars.indices where random.chance(permille: 400) {
            scenario.liars[place].kinds.append(.latencyLiar)
        }
        for place in scenario.liars.indices where random.chance(permille: 250) {
            scenario.liars[place].kinds.append(.sluggishVoter)
        }
        for place in scenario.liars.indices where random.chance(permille: 250) {
            scenario.liars[place].kinds.append(.falseNeighbour)
        }
    }

    private mutating func makeTimes() {
        scenario.timeouts.requestMin = .milliseconds(UInt64(random.pick([30, 50, 80])))
        scenario.timeouts.requestMax = .milliseconds(800)
        scenario.timeouts.resend = .milliseconds(20)
        scenario.timeouts.missingRequest = .milliseconds(3)
        scenario.timeouts.progress = .milliseconds(80)
        scenario.timeouts.fetch = .milliseconds(60)
        scenario.timeouts.probe = .milliseconds(80)
        scenario.timeouts.strict = .milliseconds(300)
        scenario.timeouts.strictMax = .seconds(5)
        scenario.healsAt = Instant.zero + .milliseconds(UInt64(random.number(in: 200...1_200)))
        scenario.clientsUntil = scenario.healsAt + .milliseconds(100)
    }

    // MARK: - Faulty and slow replicas

    private mutating func makeFaults() {
        var places = Array(0..<scenario.n)
        random.shuffle(&places)
        // Early leaders are more interesting.
        if random.chance(permille: 500), let first = places.firstIndex(of: 0) { places.swapAt(0, first) }
        let faulty = random.chance(permille: 850) ? scenario.f : random.below(scenario.f + 1)
        for replica in places.prefix(faulty) {
            if scenario.faultModel == .byzantine, random.chance(permille: 750) {
                makeLiar(replica)
            } else {
                makeCrash(replica)
            }
        }
        makeColluders()
        makeRejoiners()
        for replica in places.dropFirst(faulty) where random.chance(permille: 100) { makePause(replica) }
    }

    private mutating func makeLiar(_ replica: Int) {
        // Those about latencies and views are drawn with the rest of measuring and of views.
        let others: [LiarKind] = [.latencyLiar, .falseNeighbour, .sluggishVoter, .viewLiar, .rejoiner, .formerMember]
        var kinds = LiarKind.allCases.filter { !others.contains($0) }
        random.shuffle(&kinds)
        let plan = LiarPlan(
            replica: replica, kinds: Array(kinds.prefix(random.pick([1, 1, 2, 3, 5]))),
            switchesEvery: random.chance(permille: 300) ? .milliseconds(UInt64(random.number(in: 20...200))) : nil)
        scenario.liars.append(plan)
    }

    private mutating func makeRejoiners() {
        // 64 times as long apart a liar may have views begin for ever: that must be time enough for some leader changes.
        scenario.settings.rejoinMilliseconds = random.pick([50, 100, 300])
        scenario.timeouts.rejoin = .milliseconds(UInt64(random.pick([20, 60, 150])))
        for place in scenario.liars.indices where random.chance(permille: 100) {
            scenario.liars[place].kinds.append(.rejoiner)
        }
    }

    /// Liars that collude are stronger together.
    private mutating func makeColluders() {
        guard scenario.liars.count > 1, random.chance(permille: 500) else { return }
        for place in scenario.liars.indices where !scenario.liars[place].kinds.contains(.colluder) {
            scenario.liars[place].kinds.append(.colluder)
        }
    }

    /// Some lies need a leader change: the first leader is cut off for a while.
    private mutating func makeLeaderChange() {
        guard !scenario.liars.isEmpty, random.chance(permille: 300) else { return }
        let begin = random.instant(from: .zero, to: scenario.healsAt)
        let end = min(scenario.healsAt, begin + .milliseconds(50) + random.interval(upTo: .milliseconds(250)))
        let leader = NodeSet([random.below(2)])
        let rest = NodeSet(Array(0..<scenario.n).filter { !leader.contains($0) })
        scenario.linkFaults.append(LinkFault(from: leader, to: rest, begin: begin, end: end))
    }

    private mutating func makeCrash(_ replica: Int) {
        let at = random.instant(from: .zero, to: scenario.healsAt)
        let restart = random.chance(permille: 700) ? at + random.interval(upTo: .milliseconds(400)) : nil
        scenario.replicaFaults.append(ReplicaFault(replica: replica, at: at, kind: .crash(restartAt: restart)))
        guard let restart, random.chance(permille: 300) else { return }
        // Once more, when it may vote again.
        let again = restart + .milliseconds(50) + random.interval(upTo: .milliseconds(600))
        let back = random.chance(permille: 800) ? again + random.interval(upTo: .milliseconds(300)) : nil
        scenario.replicaFaults.append(ReplicaFault(replica: replica, at: again, kind: .crash(restartAt: back)))
    }

    private mutating func makePause(_ replica: Int) {
        let at = random.instant(from: .zero, to: scenario.healsAt)
        let until = min(scenario.healsAt, at + random.interval(upTo: .milliseconds(300)))
        scenario.replicaFaults.append(ReplicaFault(replica: replica, at: at, kind: .pause(until: until)))
    }
}
