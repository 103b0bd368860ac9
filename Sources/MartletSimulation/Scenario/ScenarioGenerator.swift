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
        if random.chance(permille: scenario.n == 3 ? 500 : 100) { makeFlips() }
        makeDistances()
        makeTroubledLinks()
        makeClientLinks()
        makeClocks()
        makeSecondCrashes()
        makeLeaderChange()
        if random.chance(permille: 30) { goBeyond() }
        if random.chance(permille: 200) { makeJoinedKeys() }
        makeRot()
        return scenario
    }

    /// Scans, and puts at several keys at once.
    private mutating func makeJoinedKeys() {
        for place in scenario.clients.indices where !scenario.clients[place].flips {
            scenario.clients[place].severalPermille = 200
        }
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
        scenario.settings.checkpointPeriod = random.pick([8, 8, 16, 32])
        scenario.settings.pipelineMax = random.pick([4, 8, 64])
        scenario.settings.sessionsPerClientMax = random.pick([2, 4, 16])
        scenario.settings.hasUnorderedReads = random.chance(permille: 800)
    }

    private mutating func makeTimes() {
        scenario.timeouts.requestMin = .milliseconds(UInt64(random.pick([30, 50, 80])))
        scenario.timeouts.requestMax = .milliseconds(800)
        scenario.timeouts.resend = .milliseconds(20)
        scenario.timeouts.missingRequest = .milliseconds(3)
        scenario.timeouts.progress = .milliseconds(80)
        scenario.timeouts.fetch = .milliseconds(60)
        scenario.timeouts.strict = .milliseconds(300)
        scenario.timeouts.strictMax = .seconds(5)
        scenario.healsAt = Instant.zero + .milliseconds(UInt64(random.number(in: 200...1_200)))
        scenario.clientsUntil = scenario.healsAt + .milliseconds(100)
    }

    // MARK: - Links

    private mutating func makeLinks() {
        scenario.links.delayMin = .microseconds(UInt64(random.pick([50, 200, 1_000])))
        scenario.links.delaySpread = .microseconds(UInt64(random.pick([0, 200, 1_000, 4_000])))
        scenario.links.slowPermille = random.pick([0, 0, 5, 20])
        scenario.links.slowExtra = .milliseconds(UInt64(random.pick([10, 60])))
        scenario.links.lossPermille = random.pick([0, 0, 5, 20, 60])
        scenario.links.duplicatePermille = random.pick([0, 0, 5, 30])
        for _ in 0..<random.pick([0, 0, 1, 1, 2, 4]) { makePartition() }
    }

    private mutating func makePartition() {
        let nodes = scenario.n + 4
        var side: [Int] = []
        var rest: [Int] = []
        let isSingle = random.chance(permille: 500)
        let single = random.below(scenario.n)
        for node in 0..<nodes {
            if isSingle ? node == single : random.chance(permille: 500) { side.append(node) } else { rest.append(node) }
        }
        let begin = random.instant(from: .zero, to: scenario.healsAt)
        let end = min(scenario.healsAt, begin + random.interval(upTo: .milliseconds(500)))
        let (left, right) = (NodeSet(side), NodeSet(rest))
        scenario.linkFaults.append(LinkFault(from: left, to: right, begin: begin, end: end))
        if random.chance(permille: 600) {
            scenario.linkFaults.append(LinkFault(from: right, to: left, begin: begin, end: end))
        }
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
        for replica in places.dropFirst(faulty) where random.chance(permille: 100) { makePause(replica) }
    }

    private mutating func makeLiar(_ replica: Int) {
        var kinds = LiarKind.allCases
        random.shuffle(&kinds)
        let plan = LiarPlan(
            replica: replica, kinds: Array(kinds.prefix(random.pick([1, 1, 2, 3, 5]))),
            switchesEvery: random.chance(permille: 300) ? .milliseconds(UInt64(random.number(in: 20...200))) : nil)
        scenario.liars.append(plan)
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
    }

    private mutating func makePause(_ replica: Int) {
        let at = random.instant(from: .zero, to: scenario.healsAt)
        let until = min(scenario.healsAt, at + random.interval(upTo: .milliseconds(300)))
        scenario.replicaFaults.append(ReplicaFault(replica: replica, at: at, kind: .pause(until: until)))
    }

    // MARK: - Clients

    private mutating func makeClients() {
        for _ in 0..<random.number(in: 2...4) {
            var plan = ClientPlan()
            plan.pipeline = random.pick([1, 1, 2, 4])
            plan.sessions = random.pick([1, 1, 2])
            plan.operationsMin = random.number(in: 30...60)
            plan.operationsMax = random.number(in: 80...200)
            plan.readPermille = random.pick([100, 300, 600])
            plan.thinkMax = .milliseconds(UInt64(random.pick([1, 5, 20])))
            plan.signs = random.chance(permille: 150)
            scenario.clients.append(plan)
        }
        guard random.chance(permille: 300) else { return }
        makeMaliciousClient()
    }

    /// Fast reads of a key that comes and goes, at replicas of which some are behind: can a reader go back in time? Easiest
    /// among three, where two make a quorum and no two need be equally far; among more with a liar's help.
    private mutating func makeFlips() {
        scenario.settings.hasUnorderedReads = true
        scenario.settings.batchRequestsMax = 1
        scenario.links.delayMin = .microseconds(50)
        scenario.links.delaySpread = .microseconds(100)
        scenario.links.slowPermille = random.pick([100, 200])
        scenario.links.slowExtra = .milliseconds(UInt64(random.pick([5, 10])))
        for place in scenario.liars.indices where !scenario.liars[place].kinds.contains(.replyLiar) {
            scenario.liars[place].kinds.append(.replyLiar)
        }
        let honest = scenario.clients.indices.filter { scenario.clients[$0].malice == nil }
        for place in honest {
            // One writes, two changes close together and then a while none; the others do nothing but read.
            let isWriter = place == honest.last
            scenario.clients[place].flips = true
            scenario.clients[place].pipeline = isWriter ? 2 : 1
            scenario.clients[place].readPermille = isWriter ? 0 : 1_000
            scenario.clients[place].thinkMax = isWriter ? .milliseconds(6) : .microseconds(50)
            scenario.clients[place].operationsMax = isWriter ? 200 : 1_000
        }
    }

    private mutating func makeMaliciousClient() {
        var plan = ClientPlan()
        var acts = ClientMalice.Act.allCases
        random.shuffle(&acts)
        plan.malice = ClientMalice(acts: Array(acts.prefix(random.number(in: 1...3))))
        plan.thinkMax = .milliseconds(UInt64(random.pick([2, 20])))
        scenario.clients.append(plan)
    }
}
