// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// All candidates (adaptation §5): each heavy set of u replicas, with each of them as leader; C(n, u) · u of them, less
/// where not every replica may lead or be heavy. Leaders in the order of their positions, and for each the sets in
/// lexicographic order.
package struct WeightAssignments: Sequence, Sendable {
    package let rule: QuorumRule
    /// Who may lead, in the order of positions.
    let leaders: [ReplicaIndex]
    private let mayBeHeavy: ReplicaSet
    private let leading: ReplicaSet
    /// Not to be chosen, though made of replicas that may be.
    let rejected: [WeightAssignment]

    /// By default every replica may lead and be heavy.
    package init(
        rule: QuorumRule, mayLead: ReplicaSet? = nil, mayBeHeavy: ReplicaSet? = nil,
        rejected: [WeightAssignment] = []
    ) {
        let everyone = ReplicaSet((0..<rule.n).map { ReplicaIndex($0) })
        let heavy = mayBeHeavy ?? everyone
        self.rule = rule
        self.mayBeHeavy = heavy
        self.rejected = rejected
        leading = mayLead ?? everyone
        leaders = everyone.filter { [leading] in
            leading.contains($0) && heavy.contains($0) && heavy.count >= rule.heavyCount
        }
    }

    /// Whether nothing speaks against a replica's leading; it may still have to be light, and so be no candidate.
    func mayLead(_ replica: ReplicaIndex) -> Bool { leading.contains(replica) }

    /// Who may be heavy beside a leader, in the order of positions.
    func partners(of leader: ReplicaIndex) -> [ReplicaIndex] {
        mayBeHeavy.filter { $0 != leader && $0.position < rule.n }
    }

    /// How many replicas are heavy beside the leader; none where one replica is all.
    var partnerCount: Int { Swift.max(0, rule.heavyCount - 1) }

    /// The leader itself is heavy wherever there are heavy replicas at all.
    func assignment(leader: ReplicaIndex, partners: some Sequence<ReplicaIndex>) -> WeightAssignment {
        var heavy = ReplicaSet(partners)
        if rule.heavyCount > 0 { heavy.insert(leader) }
        return WeightAssignment(leader: leader, heavy: heavy)
    }

    package func contains(_ assignment: WeightAssignment) -> Bool {
        !rejected.contains(assignment) && leaders.contains(assignment.leader)
            && assignment.heavy.count == rule.heavyCount
            && (assignment.heavy.contains(assignment.leader) || rule.heavyCount == 0)
            && assignment.heavy.allSatisfy { mayBeHeavy.contains($0) && $0.position < rule.n }
    }

    /// How many there are; the largest integer when they are more.
    package var count: UInt64 {
        guard let leader = leaders.first else { return 0 }
        let sets = Self.combinations(of: partners(of: leader).count, by: partnerCount)
        let (count, overflow) = sets.multipliedReportingOverflow(by: UInt64(leaders.count))
        return overflow ? .max : count
    }

    /// C(n, k); the largest integer when it is more.
    static func combinations(of n: Int, by k: Int) -> UInt64 {
        guard k >= 0, k <= n else { return 0 }
        var result: UInt64 = 1
        for step in 0..<Swift.min(k, n - k) {
            let (product, overflow) = result.multipliedReportingOverflow(by: UInt64(n - step))
            if overflow { return .max }
            result = product / UInt64(step + 1)
        }
        return result
    }

    package func makeIterator() -> Iterator { Iterator(self) }

    package struct Iterator: IteratorProtocol {
        private let space: WeightAssignments
        private var place = 0
        private var partners: [ReplicaIndex] = []
        /// Places in `partners`, ascending; nil when the next leader is due.
        private var chosen: [Int]?

        init(_ space: WeightAssignments) { self.space = space }

        package mutating func next() -> WeightAssignment? {
            guard place < space.leaders.count else { return nil }
            let leader = space.leaders[place]
            let picks = chosen ?? first(leader)
            let result = space.assignment(leader: leader, partners: picks.map { partners[$0] })
            chosen = following(picks)
            if chosen == nil { place += 1 }
            return result
        }

        private mutating func first(_ leader: ReplicaIndex) -> [Int] {
            partners = space.partners(of: leader)
            return Array(0..<space.partnerCount)
        }

        private func following(_ picks: [Int]) -> [Int]? {
            var picks = picks
            let spare = partners.count - picks.count
            guard let last = picks.indices.last(where: { picks[$0] < $0 + spare }) else { return nil }
            picks[last] += 1
            for later in picks.indices.dropFirst(last + 1) { picks[later] = picks[later - 1] + 1 }
            return picks
        }
    }
}
