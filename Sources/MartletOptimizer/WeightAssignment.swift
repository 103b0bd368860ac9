// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// One way to lead and to weigh a group: ⟨leader, heavy set⟩ (adaptation §5). Positions are those of one view.
package struct WeightAssignment: Hashable, Sendable {
    package let leader: ReplicaIndex
    /// Who holds Vmax; all others hold Vmin.
    package let heavy: ReplicaSet

    package init(leader: ReplicaIndex, heavy: ReplicaSet) {
        self.leader = leader
        self.heavy = heavy
    }

    /// How many replicas hold Vmax here and do not in the other.
    package func changes(from other: WeightAssignment) -> Int { heavy.count { !other.heavy.contains($0) } }
}

/// An assignment with the latency that is predicted for it.
package struct Candidate: Hashable, Sendable {
    package let assignment: WeightAssignment
    package let latency: Latency

    package init(_ assignment: WeightAssignment, _ latency: Latency) {
        self.assignment = assignment
        self.latency = latency
    }
}
