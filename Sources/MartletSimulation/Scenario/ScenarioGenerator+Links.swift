// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// Distances, capacities and troubles of links.
extension ScenarioGenerator {
    mutating func makeLinks() {
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

    mutating func makeDistances() {
        if random.chance(permille: 150) { spreadOut(over: random.pick([.zones, .zones, .fiveRegions])) }
        guard random.chance(permille: 80) else { return }
        scenario.usesWire = true
        scenario.links.bytesPerSecond = random.pick([400_000, 1_000_000, 10_000_000])
    }

    /// Everybody is somewhere in the world, and as patient as the distances ask for.
    private mutating func spreadOut(over matrix: LatencyMatrix) {
        scenario.matrix = matrix
        scenario.placement = (0..<scenario.n + scenario.clients.count).map { _ in random.below(matrix.regions.count) }
        scenario.links.jitterPermille = random.pick([0, 50, 300])
        scenario.timeouts.requestMin = .milliseconds(700)
        scenario.timeouts.requestMax = .seconds(4)
        scenario.timeouts.resend = .milliseconds(200)
        scenario.timeouts.missingRequest = .milliseconds(100)
        scenario.timeouts.progress = .milliseconds(400)
        scenario.timeouts.fetch = .milliseconds(500)
        scenario.timeouts.rejoin = .milliseconds(300)
        scenario.settings.rejoinMilliseconds = 2_000
        // One request at a time over such distances waits longer for its turn than any leader is given.
        scenario.settings.batchRequestsMax = max(4, scenario.settings.batchRequestsMax)
        scenario.timeouts.probe = .milliseconds(400)
        scenario.timeouts.strict = .seconds(2)
        scenario.clientTiming.retryMin = .milliseconds(500)
        scenario.clientTiming.retryMax = .seconds(3)
        scenario.clientTiming.readFallbackMin = .milliseconds(400)
        scenario.clientTiming.signingLasts = .seconds(4)
    }

    mutating func makeTroubledLinks() {
        guard random.chance(permille: 400) else { return }
        for _ in 0..<random.number(in: 1...3) {
            let kind: LinkFault.Kind
            switch random.below(5) {
            case 0: kind = .cut
            case 1, 2: kind = .clog
            case 3: kind = .lossy(permille: random.pick([100, 300, 700]))
            default: kind = .slow(by: .milliseconds(UInt64(random.pick([5, 30, 120]))))
            }
            makeTrouble(kind)
        }
    }

    /// Between some and some others, who need not be all: a partial partition.
    private mutating func makeTrouble(_ kind: LinkFault.Kind) {
        let (from, to) = (someNodes(), someNodes())
        let begin = random.instant(from: .zero, to: scenario.healsAt)
        let end = min(scenario.healsAt, begin + random.interval(upTo: .milliseconds(600)))
        var messages: [MessageKind]?
        if random.chance(permille: 400) {
            var kinds = MessageKind.allCases
            random.shuffle(&kinds)
            messages = Array(kinds.prefix(random.pick([1, 1, 2, 4])))
        }
        scenario.linkFaults.append(
            LinkFault(from: from, to: to, begin: begin, end: end, kind: kind, messages: messages))
        guard random.chance(permille: 500) else { return }
        scenario.linkFaults.append(
            LinkFault(from: to, to: from, begin: begin, end: end, kind: kind, messages: messages))
    }

    private mutating func someNodes() -> NodeSet {
        let permille = random.pick([200, 500, 900])
        return NodeSet((0..<scenario.n + scenario.clients.count).filter { _ in random.chance(permille: permille) })
    }

    // MARK: - Clients' connections

    mutating func makeClientLinks() {
        guard random.chance(permille: 300) else { return }
        for _ in 0..<random.number(in: 1...6) {
            let client = random.below(scenario.clients.count)
            let isAll = random.chance(permille: 200)
            let replicas = (0..<scenario.n).filter { _ in isAll || random.chance(permille: 400) }
            let begin = random.chance(permille: 200) ? .zero : random.instant(from: .zero, to: scenario.healsAt)
            let end = min(scenario.healsAt, begin + random.interval(upTo: .milliseconds(400)))
            scenario.clientLinkFaults.append(
                ClientLinkFault(client: client, replicas: NodeSet(replicas), begin: begin, end: end))
        }
    }
}
