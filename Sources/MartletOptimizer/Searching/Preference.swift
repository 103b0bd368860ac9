// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Which of two candidates is chosen: the one that is predicted to be faster; among equals one with the current leader,
/// then the one that changes the fewest weights, then the smallest ⟨leader's id, sorted heavy ids⟩. The order is total,
/// so that all replicas choose the same (adaptation §6).
struct Preference: Sendable {
    private let current: WeightAssignment?
    /// By position: the place of the replica's id among all ids.
    private let ranks: [Int]

    init(current: WeightAssignment?, ids: [ReplicaID]) {
        self.current = current
        ranks = ids.map { id in ids.count { $0 < id } }
    }

    func rank(of replica: ReplicaIndex) -> Int { ranks[replica.position] }

    func isBetter(_ left: Candidate, than right: Candidate) -> Bool {
        if left.latency != right.latency { return left.latency < right.latency }
        return isBetter(left.assignment, than: right.assignment)
    }

    /// Where the predictions are equal.
    private func isBetter(_ left: WeightAssignment, than right: WeightAssignment) -> Bool {
        if let current {
            let (leads, led) = (left.leader == current.leader, right.leader == current.leader)
            if leads != led { return leads }
            let (changes, changed) = (left.changes(from: current), right.changes(from: current))
            if changes != changed { return changes < changed }
        }
        if left.leader != right.leader { return rank(of: left.leader) < rank(of: right.leader) }
        return heavyRanks(left).lexicographicallyPrecedes(heavyRanks(right))
    }

    private func heavyRanks(_ assignment: WeightAssignment) -> [Int] {
        assignment.heavy.map { ranks[$0.position] }.sorted()
    }
}
