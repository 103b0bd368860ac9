// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The highest STOP of each member. A STOP counts for every lower regency of the view too (protocol §6), so one number a
/// member is all there is to keep.
package struct StopTally: Sendable {
    private var highest: ReplicaTable<Regency>
    private var reasons: ReplicaTable<StopReason?>

    package init(n: Int) {
        highest = ReplicaTable(repeating: .none, count: n)
        reasons = ReplicaTable(repeating: nil, count: n)
    }

    /// False when the member asked for as much before.
    package mutating func add(_ stop: Stop, from member: ReplicaIndex) -> Bool {
        guard stop.regency > highest[member] else { return false }
        highest[member] = stop.regency
        reasons[member] = stop.reason
        return true
    }

    package func highest(of member: ReplicaIndex) -> Regency { highest[member] }

    /// The highest regency that f+1 members ask for: one correct replica among them found a reason.
    package func joinable(_ view: View) -> Regency { highest.reached(byAtLeast: view.quorum.weakCount) }

    /// The highest regency that a quorum asks for.
    package func installable(_ view: View) -> Regency {
        var best = Regency.none
        for candidate in highest.all where candidate > best && view.isQuorum(members(askingFor: candidate)) {
            best = candidate
        }
        return best
    }

    /// The reasons of the members that ask for this regency, by member.
    package func reasons(for regency: Regency) -> [StopReason] {
        members(askingFor: regency).compactMap { reasons[$0] }
    }

    private func members(askingFor regency: Regency) -> ReplicaSet {
        ReplicaSet(highest.indices.map { ReplicaIndex($0) }.filter { highest[$0] >= regency })
    }
}
