// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

@testable import MartletOptimizer

/// The links that the published predictions for AWARE were made with: one way, in microseconds, between Oregon, Ireland,
/// Sydney, São Paulo and Virginia.
enum FiveRegions {
    static let links = LinkLatencies([
        [0, 67_739, 69_185, 93_000, 40_285],
        [67_739, 0, 132_581, 92_021, 35_496],
        [69_185, 132_581, 0, 156_703, 99_237],
        [93_000, 92_021, 156_703, 0, 70_210],
        [40_285, 35_496, 99_237, 70_210, 0],
    ])
    static let rule = QuorumRule(faultModel: .byzantine, n: 5, f: 1)
    static let model = LatencyModel(rule: rule, propose: links, vote: links)
    static let ids = (0..<5).map { ReplicaID(UInt16($0)) }

    static func clients(_ replies: ClientModel.Replies, _ window: ClientModel.Window) -> ClientModel {
        ClientModel(
            places: (0..<5).map { ClientPlace(beside: ReplicaIndex($0), links) }, replies: replies, window: window)
    }
}

extension LinkLatencies {
    init(_ rows: [[Int]]) { self.init(rows.map { $0.map { Latency(UInt64($0)) } }) }
}

extension WeightAssignment {
    /// As the papers write it: ⟨leader, other heavy replica⟩, or more of these.
    init(_ leader: Int, _ others: Int...) {
        self.init(leader: ReplicaIndex(leader), heavy: ReplicaSet(([leader] + others).map { ReplicaIndex($0) }))
    }
}

/// A group drawn from a seed, with links of one of three kinds: without any geometry, on a plane, and in a few cities.
struct DrawnGroup {
    let rule: QuorumRule
    var propose: [[Int]]
    var vote: [[Int]]

    init(seed: UInt64, sizes: ClosedRange<Int> = 4...8) {
        var random = SplitMix64(seed: seed)
        let faultModel: FaultModel = random.below(4) == 0 ? .crash : .byzantine
        let n = sizes.lowerBound + random.below(sizes.count)
        let most = faultModel == .crash ? (n - 1) / 2 : (n - 1) / 3
        rule = QuorumRule(faultModel: faultModel, n: n, f: 1 + random.below(most))
        vote = Self.links(n, &random)
        // Proposals are larger, and so slower.
        propose = vote.map { $0.map { $0 + 1 + $0 / 8 } }
    }

    private static func links(_ n: Int, _ random: inout SplitMix64) -> [[Int]] {
        let kind = random.below(3)
        let cities = (0..<3).map { _ in [random.below(200_000), random.below(200_000)] }
        let places = (0..<n).map { _ in
            let city = cities[random.below(3)]
            return kind == 1
                ? [random.below(100_000), random.below(100_000)]
                : [city[0] + random.below(8_000), city[1] + random.below(8_000)]
        }
        return (0..<n).map { from in
            (0..<n).map { to in
                let far = abs(places[from][0] - places[to][0]) + abs(places[from][1] - places[to][1])
                return kind == 0 ? 1_000 + random.below(150_000) : 500 + far + random.below(3_000)
            }
        }
    }

    var everyone: [ReplicaIndex] { (0..<rule.n).map { ReplicaIndex($0) } }
    var ids: [ReplicaID] { (0..<rule.n).map { ReplicaID(UInt16($0)) } }
    var predictor: RoundPredictor {
        RoundPredictor(rule: rule, propose: LinkLatencies(propose), vote: LinkLatencies(vote))
    }

    func model(_ objective: Objective = .consensus) -> LatencyModel {
        LatencyModel(
            rule: rule, propose: LinkLatencies(propose), vote: LinkLatencies(vote), objective: objective)
    }

    /// With a client beside each replica.
    func clients(_ replies: ClientModel.Replies, _ window: ClientModel.Window) -> ClientModel {
        let links = LinkLatencies(vote)
        return ClientModel(
            places: everyone.map { ClientPlace(beside: $0, links) }, replies: replies, window: window)
    }

    /// One of the candidates.
    func assignment(_ random: inout SplitMix64) -> WeightAssignment {
        let all = Array(WeightAssignments(rule: rule))
        return all[random.below(all.count)]
    }
}
