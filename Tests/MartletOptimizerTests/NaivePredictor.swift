// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

@testable import MartletOptimizer

/// Predicts as the text says, without any haste: a quorum is found by trying every set of voters, weights are the
/// paper's fractions, and time runs on from instance to instance instead of being offset. Latencies that are missing are
/// nil.
struct NaivePredictor {
    let rule: QuorumRule
    let propose: [[Int?]]
    let vote: [[Int?]]

    /// WHEAT's weights as pairs of numerator and denominator f: Vmin = f/f, Vmax = (f + Δ)/f.
    func weight(_ voters: [Int], _ heavy: ReplicaSet) -> Int {
        voters.map { heavy.contains(ReplicaIndex($0)) ? rule.f + rule.delta : rule.f }.reduce(0, +)
    }

    /// 2f · Vmax + 1, or f · Vmax + 1, in parts of f.
    var quorum: Int { (rule.faultModel == .byzantine ? 2 : 1) * rule.f * (rule.f + rule.delta) + rule.f }

    /// The earliest time at which some quorum's messages are all there.
    func quorumTime(_ arrivals: [Int?], _ heavy: ReplicaSet) -> Int? {
        (0..<(1 << rule.n) as Range<Int>).compactMap { bits -> Int? in
            let voters = (0..<rule.n).filter { bits >> $0 & 1 == 1 }
            guard weight(voters, heavy) >= quorum else { return nil }
            let times = voters.map { arrivals[$0] }
            return times.contains(nil) ? nil : times.compactMap(\.self).max()
        }.min()
    }

    func link(_ links: [[Int?]], _ from: Int, _ to: Int) -> Int? { from == to ? 0 : links[from][to] }

    func sum(_ left: Int?, _ right: Int?) -> Int? { left.flatMap { left in right.map { left + $0 } } }

    /// When each replica has a quorum's messages that were sent at these times.
    func collected(_ sent: [Int?], _ heavy: ReplicaSet) -> [Int?] {
        (0..<rule.n).map { to in quorumTime((0..<rule.n).map { sum(sent[$0], link(vote, $0, to)) }, heavy) }
    }

    /// The leader's last decision, by the number of instances.
    func consensus(_ assignment: WeightAssignment, instances: Int = 10) -> Int? {
        var free: [Int?] = Array(repeating: 0, count: rule.n)
        let leader = assignment.leader.position
        for _ in 0..<instances {
            guard let start = free[leader] else { return nil }
            let proposed = (0..<rule.n).map { to -> Int? in
                guard let since = free[to] else { return nil }
                return sum(start, link(propose, leader, to)).map { max($0, since) }
            }
            let written = rule.faultModel == .crash ? proposed : collected(proposed, assignment.heavy)
            free = collected(written, assignment.heavy)
        }
        return free[leader].map { $0 / instances }
    }
}

extension DrawnGroup {
    var naive: NaivePredictor {
        let known = { (links: [[Int]]) in links.map { $0.map { $0 >= DrawnGroup.missing ? nil : $0 } } }
        return NaivePredictor(rule: rule, propose: known(propose), vote: known(vote))
    }

    static let missing = Int(Latency.missing.rawValue)

    /// Nothing comes from a replica, and nothing reaches it.
    mutating func cutOff(_ replica: Int) {
        for other in 0..<rule.n where other != replica {
            for (from, to) in [(replica, other), (other, replica)] {
                propose[from][to] = Self.missing
                vote[from][to] = Self.missing
            }
        }
    }
}
