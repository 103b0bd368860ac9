// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The latest refusal of each replica for one call. Needs memory only when there is one.
struct RefusalTally {
    private var reasons: [RefusalReason?] = []

    var isEmpty: Bool { reasons.isEmpty }

    /// Returns whether the replica did not say the same before.
    mutating func note(_ reason: RefusalReason, from replica: ReplicaIndex, of n: Int) -> Bool {
        if reasons.isEmpty { reasons = Array(repeating: nil, count: n) }
        defer { reasons[replica.position] = reason }
        return reasons[replica.position] != reason
    }

    /// It has replied after all.
    mutating func forget(_ replica: ReplicaIndex) {
        if !reasons.isEmpty { reasons[replica.position] = nil }
    }

    subscript(replica: ReplicaIndex) -> RefusalReason? { reasons.isEmpty ? nil : reasons[replica.position] }

    func replicas(saying matches: (RefusalReason) -> Bool) -> ReplicaSet {
        var result = ReplicaSet()
        for (position, reason) in reasons.enumerated() {
            if let reason, matches(reason) { result.insert(ReplicaIndex(position)) }
        }
        return result
    }

    func replicas(saying reason: RefusalReason) -> ReplicaSet { replicas { $0 == reason } }
}
