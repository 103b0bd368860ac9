// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The weight rule (protocol §2), written once more for checkers alone: heavy members count 1 + Δ/f, all others 1, and a
/// quorum is 2f heavy members and one more (`crash`: f and one more). All times f, so that the numbers are whole. Who is no
/// member counts nothing.
struct NaiveQuorum: Sendable {
    private let f: Int
    private let delta: Int
    private let isCrash: Bool
    private let members: [(slot: Int, isHeavy: Bool)]

    init(_ view: View) {
        f = view.f
        isCrash = view.faultModel == .crash
        members = view.members.map { ($0.id.slot, $0.isHeavy) }
        delta = members.count - (isCrash ? 2 * f + 1 : 3 * f + 1)
    }

    func isQuorum(_ voters: VoterSet) -> Bool {
        if f == 0 { return voters.contains(members[0].slot) }
        var weight = 0
        for member in members where voters.contains(member.slot) { weight += member.isHeavy ? f + delta : f }
        return weight >= (isCrash ? f : 2 * f) * (f + delta) + f
    }

    /// At least one of them is correct; a crashed one never lied.
    func isWeak(_ voters: VoterSet) -> Bool {
        members.count { voters.contains($0.slot) } >= (isCrash ? 1 : f + 1)
    }
}

/// Replicas of a world by their slots, each at most once. Who of them is a member, a view tells.
struct VoterSet: Hashable, Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    mutating func insert(_ member: Int) {
        if member < 64 { low |= 1 << UInt64(member) } else { high |= 1 << UInt64(member - 64) }
    }
    func contains(_ member: Int) -> Bool {
        (member < 64 ? low >> UInt64(member) : high >> UInt64(member - 64)) & 1 == 1
    }
    var count: Int { low.nonzeroBitCount + high.nonzeroBitCount }
}
