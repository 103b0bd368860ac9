// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The replies to one call. Each replica counts once, with its latest reply, so that there are never more groups than
/// replicas however many different things a liar says.
struct ReplyTally {
    /// Replicas that say the same.
    struct Group {
        var basis: ReplyCertificate.Basis
        var body: ReplyBody
        var voters: ReplicaSet

        func says(_ basis: ReplyCertificate.Basis, _ body: ReplyBody) -> Bool {
            self.basis == basis && self.body == body
        }
    }

    struct Accepted {
        let basis: ReplyCertificate.Basis
        let body: ReplyBody
        let voters: ReplicaSet
    }

    /// Most calls have one group only: it lives here, so that they need no memory of their own.
    private var first = Group(basis: .final, body: .sessionUnknown, voters: ReplicaSet())
    private var others: [Group] = []
    /// Who has replied.
    private(set) var voted = ReplicaSet()
    /// Whose latest reply is not tentative: asking them again would tell nothing new.
    private(set) var settled = ReplicaSet()

    /// Counts the reply, in place of an earlier one of the same replica. Returns what is now accepted, if anything.
    mutating func count(
        _ basis: ReplyCertificate.Basis, _ body: ReplyBody, from replica: ReplicaIndex, rule: borrowing AcceptanceRule
    ) -> Accepted? {
        if !voted.insert(replica) { withdraw(replica) }
        if case .tentative = basis { settled.remove(replica) } else { settled.insert(replica) }
        if first.voters.isEmpty {
            first = Group(basis: basis, body: body, voters: ReplicaSet(only: replica))
            return accepted(with: first, rule)
        }
        if first.says(basis, body) {
            first.voters.insert(replica)
            return accepted(with: first, rule)
        }
        return countAmongOthers(basis, body, replica, rule)
    }

    /// Whether some statement may still reach a quorum, when `gone` will say nothing more.
    func isHopeful(without gone: ReplicaSet, everyone: ReplicaSet, rule: borrowing AcceptanceRule) -> Bool {
        let open = everyone.subtracting(voted).subtracting(gone)
        if rule.isQuorum(first.voters.union(open)) { return true }
        return others.contains { rule.isQuorum($0.voters.union(open)) }
    }

    // MARK: Groups

    private mutating func countAmongOthers(
        _ basis: ReplyCertificate.Basis, _ body: ReplyBody, _ replica: ReplicaIndex, _ rule: borrowing AcceptanceRule
    ) -> Accepted? {
        for place in others.indices where others[place].says(basis, body) {
            others[place].voters.insert(replica)
            return accepted(with: others[place], rule)
        }
        let group = Group(basis: basis, body: body, voters: ReplicaSet(only: replica))
        others.append(group)
        return accepted(with: group, rule)
    }

    private mutating func withdraw(_ replica: ReplicaIndex) {
        first.voters.remove(replica)
        for place in others.indices { others[place].voters.remove(replica) }
        others.removeAll { $0.voters.isEmpty }
        if first.voters.isEmpty, let next = others.popLast() { first = next }
    }

    // MARK: Acceptance

    /// Only the group that has just grown can have become enough, alone or together: tentative replies count with those
    /// of the same epoch and instance, final ones join any.
    private func accepted(with group: borrowing Group, _ rule: borrowing AcceptanceRule) -> Accepted? {
        switch group.basis {
        case .read:
            return rule.isQuorum(group.voters) ? Accepted(group) : nil
        case .tentative:
            if rule.isQuorum(group.voters) { return Accepted(group) }
            if first.says(.final, group.body) { return joined(group, first, rule) }
            for other in others where other.says(.final, group.body) { return joined(group, other, rule) }
            return nil
        case .final:
            if rule.isEnough(final: group.voters) { return Accepted(group) }
            if let accepted = joined(first, group, rule) { return accepted }
            for other in others {
                if let accepted = joined(other, group, rule) { return accepted }
            }
            return nil
        }
    }

    private func joined(
        _ tentative: borrowing Group, _ final: borrowing Group, _ rule: borrowing AcceptanceRule
    ) -> Accepted? {
        guard case .tentative = tentative.basis, tentative.body == final.body else { return nil }
        let voters = tentative.voters.union(final.voters)
        return rule.isQuorum(voters) ? Accepted(basis: tentative.basis, body: tentative.body, voters: voters) : nil
    }
}

extension ReplyTally.Accepted {
    fileprivate init(_ group: borrowing ReplyTally.Group) {
        self.init(basis: group.basis, body: group.body, voters: group.voters)
    }
}
