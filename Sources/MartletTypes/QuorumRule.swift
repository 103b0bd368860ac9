// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A voting weight, multiplied by f so that it is a whole number (protocol §2).
package struct Weight: DistinctNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package static let zero = Weight(0)
    package static func + (left: Weight, right: Weight) -> Weight { Weight(left.rawValue + right.rawValue) }
    package static func += (left: inout Weight, right: Weight) { left = left + right }
}

/// The weights and quorums of WHEAT (Sousa & Bessani, SRDS'15, §IV; protocol §2), in whole numbers: WHEAT's
/// Vmin = 1 and Vmax = 1 + Δ/f times f.
package struct QuorumRule: Hashable, Sendable {
    package let faultModel: FaultModel
    package let n: Int
    package let f: Int

    /// Requires n ≥ 3f+1 (`byzantine`) or n ≥ 2f+1 (`crash`), and n = 1 where f = 0; callers have checked input.
    package init(faultModel: FaultModel, n: Int, f: Int) {
        precondition(f >= 0 && n >= faultModel.membersMin(f: f), "too few members for f")
        precondition(f > 0 || n == 1, "f = 0 means one replica")
        precondition(n <= ReplicaSet.membersMax, "too many members")
        self.faultModel = faultModel
        self.n = n
        self.f = f
    }

    /// Δ: the members beyond the fewest that tolerate f faults.
    package var delta: Int { n - faultModel.membersMin(f: f) }

    /// How many members hold the greater weight: 2f, in `crash` mode f.
    package var heavyCount: Int { faultModel == .byzantine ? 2 * f : f }

    package var lightWeight: Weight { Weight(UInt64(max(f, 1))) }
    package var heavyWeight: Weight { Weight(UInt64(max(f + delta, 1))) }

    /// Voters whose weights add up to at least this are a quorum.
    package var quorumWeight: Weight {
        guard f > 0 else { return Weight(1) }
        let heavy = UInt64(f + delta)
        let factor = UInt64(heavyCount)
        return Weight(factor * heavy + UInt64(f))
    }

    package var totalWeight: Weight {
        Weight(
            UInt64(heavyCount) * heavyWeight.rawValue + UInt64(n - heavyCount) * lightWeight.rawValue)
    }

    /// A *weak certificate*: so many distinct members that one of them is correct. Where members only crash, one
    /// member's word suffices (protocol §6).
    package var weakCount: Int { faultModel == .byzantine ? f + 1 : 1 }
}
