// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Testing

@testable import MartletOptimizer

@Suite struct PredictorTests {
    @Test(arguments: 0..<60)
    func agreesWithTheNaiveTwin(seed: UInt64) {
        var random = SplitMix64(seed: seed ^ 0xfeed)
        var group = DrawnGroup(seed: seed, sizes: 4...6)
        if seed % 3 == 1 { group.cutOff(random.below(group.rule.n)) }
        if seed % 3 == 2 { group.vote[random.below(group.rule.n)][random.below(group.rule.n)] = DrawnGroup.missing }
        var predictor = group.predictor
        for _ in 0..<3 {
            let assignment = group.assignment(&random)
            let latency = predictor.latency(of: assignment)
            #expect((latency.isMissing ? nil : Int(latency.rawValue)) == group.naive.consensus(assignment))
        }
    }

    @Test(arguments: 0..<60)
    func whereReplicasStandInTheListDoesNotMatter(seed: UInt64) {
        var random = SplitMix64(seed: ~seed)
        let group = DrawnGroup(seed: seed)
        var places = Array(0..<group.rule.n)
        for place in places.indices.dropLast() { places.swapAt(place, place + random.below(places.count - place)) }
        var permuted = group
        for from in 0..<group.rule.n {
            for to in 0..<group.rule.n {
                permuted.vote[places[from]][places[to]] = group.vote[from][to]
                permuted.propose[places[from]][places[to]] = group.propose[from][to]
            }
        }
        let assignment = group.assignment(&random)
        let moved = WeightAssignment(
            leader: ReplicaIndex(places[assignment.leader.position]),
            heavy: ReplicaSet(assignment.heavy.map { ReplicaIndex(places[$0.position]) }))
        var (before, after) = (group.predictor, permuted.predictor)
        #expect(before.latency(of: assignment) == after.latency(of: moved))
        for (replies, window) in [(ClientModel.Replies.quorum, ClientModel.Window.one), (.weakCertificate, .many)] {
            var (before, after) = (group.client(replies, window), permuted.client(replies, window))
            #expect(before.latency(of: assignment) == after.latency(of: moved))
        }
    }

    /// In time since the first proposal, every step takes a maximum, a sum or a quorum's time, none of which falls when
    /// what goes in rises.
    @Test(arguments: 0..<60)
    func aSlowerLinkNeverMakesConsensusFaster(seed: UInt64) {
        var random = SplitMix64(seed: seed &* 31)
        let group = DrawnGroup(seed: seed)
        let assignment = group.assignment(&random)
        var predictor = group.predictor
        let latency = predictor.latency(of: assignment)
        for _ in 0..<20 {
            var slower = group
            let (from, to) = (random.below(group.rule.n), random.below(group.rule.n))
            slower.vote[from][to] += random.below(200_000)
            slower.propose[to][from] += random.below(200_000)
            var predictor = slower.predictor
            #expect(predictor.latency(of: assignment) >= latency)
        }
    }

    /// What the search passes leaders over for.
    @Test(arguments: 0..<40)
    func noAssignmentIsBelowItsLeadersBound(seed: UInt64) {
        let group = DrawnGroup(seed: seed, sizes: 4...7)
        for objective in group.objectives {
            var predictor = ObjectivePredictor(group.model(objective))
            let bounds = group.everyone.map { predictor.bound(leader: $0) }
            for assignment in WeightAssignments(rule: group.rule) {
                let latency = predictor.latency(of: assignment)
                #expect(bounds[assignment.leader.position] <= latency)
                // A limit cuts short, and changes nothing below it.
                #expect(predictor.latency(of: assignment, atMost: latency) == latency)
                #expect(predictor.latency(of: assignment, atMost: Latency(latency.rawValue - 1)) >= latency)
            }
        }
    }

    @Test func aMissingReplicaIsNeverWaitedFor() {
        for seed: UInt64 in 0..<40 {
            var group = DrawnGroup(seed: seed)
            var random = SplitMix64(seed: seed)
            let gone = random.below(group.rule.n)
            group.cutOff(gone)
            var predictor = group.predictor
            for assignment in WeightAssignments(rule: group.rule) {
                #expect(predictor.latency(of: assignment).isMissing == (assignment.leader.position == gone))
            }
        }
    }

    /// Weights let a group survive more than f crashes, if they are the right ones; but not with fewer replicas left than
    /// the smallest quorum has.
    @Test func fewerReplicasThanAnyQuorumDecideNothing() {
        var group = DrawnGroup(seed: 3)
        for replica in 0...group.rule.n - QuorumSizes(group.rule).smallest { group.cutOff(replica) }
        let optimizer = Optimizer(model: group.model(), ids: group.ids)
        #expect(optimizer.search().best?.latency == .missing)
        let current = WeightAssignments(rule: group.rule).first { _ in true } ?? WeightAssignment(0)
        #expect(!optimizer.decide(current: current, seed: 1).isChange)
    }

    @Test func theLongestLinksDoNotOverflow() {
        let rule = QuorumRule(faultModel: .byzantine, n: 4, f: 1)
        let hours = LinkLatencies(Array(repeating: Array(repeating: Latency.linkMax, count: 4), count: 4))
        let rounds = RoundPredictor.roundsMax
        var predictor = RoundPredictor(rule: rule, propose: hours, vote: hours, rounds: rounds)
        #expect(predictor.latency(of: WeightAssignment(0, 1)) == Latency(3 * Latency.linkMax.rawValue))
        let clients = ClientModel(
            places: (0..<ClientPlace.placesMax).map { _ in
                ClientPlace(beside: ReplicaIndex(3), hours, clients: ClientPlace.clientsMax)
            }, replies: .quorum, window: .one)
        var client = ClientPredictor(rule: rule, propose: hours, vote: hours, clients: clients, rounds: rounds)
        #expect(!client.latency(of: WeightAssignment(0, 1)).isMissing)
    }

    @Test func reportsAreTakenAtTheirWorst() {
        let reports = [[7, 10, 3], [20, 7, DrawnGroup.missing], [4, 5, 7]].map { $0.map { Latency(UInt64($0)) } }
        let links = LinkLatencies(sanitizing: reports)
        let latency = { (from: Int, to: Int) in links[from: ReplicaIndex(from), to: ReplicaIndex(to)] }
        #expect(latency(0, 0) == .zero && latency(2, 2) == .zero)
        #expect(latency(0, 1) == Latency(20) && latency(1, 0) == Latency(20) && latency(2, 0) == Latency(4))
        #expect(latency(1, 2).isMissing && latency(2, 1).isMissing)
        let long = Latency(Latency.linkMax.rawValue + 1)
        #expect(LinkLatencies([[.zero, long], [long, .zero]])[from: ReplicaIndex(0), to: ReplicaIndex(1)].isMissing)
    }
}

extension DrawnGroup {
    var objectives: [Objective] {
        [.consensus]
            + ClientModel.Replies.allCases.flatMap { replies in
                ClientModel.Window.allCases.map { .client(clients(replies, $0)) }
            }
    }

    func client(_ replies: ClientModel.Replies, _ window: ClientModel.Window) -> ClientPredictor {
        ClientPredictor(
            rule: rule, propose: LinkLatencies(propose), vote: LinkLatencies(vote), clients: clients(replies, window))
    }
}
