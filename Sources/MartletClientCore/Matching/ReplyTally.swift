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
    }

    struct Accepted {
        let basis: ReplyCertificate.Basis
        let body: ReplyBody
        let voters: ReplicaSet
    }

    /// Most calls have one group only: it lives here, so that they need no memory of their own.
    private var first: Group?
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
        return accepted(with: join(basis, body, replica), rule: rule)
    }

    /// Whether some statement may still reach a quorum, when `gone` will say nothing more.
    func isHopeful(without gone: ReplicaSet, everyone: ReplicaSet, rule: borrowing AcceptanceRule) -> Bool {
        var open = ReplicaSet()
        for replica in everyone where !voted.contains(replica) && !gone.contains(replica) { open.insert(replica) }
        if rule.isQuorum(open) { return true }
        if let first, rule.isQuorum(first.voters.union(open)) { return true }
        return others.contains { rule.isQuorum($0.voters.union(open)) }
    }

    // MARK: Groups

    private mutating func join(
        _ basis: ReplyCertificate.Basis, _ body: ReplyBody, _ replica: ReplicaIndex
    ) -> Group {
        guard var group = first else {
            let group = Group(basis: basis, body: body, voters: ReplicaSet(CollectionOfOne(replica)))
            first = group
            return group
        }
        if group.basis == basis && group.body == body {
            group.voters.insert(replica)
            first = group
            return group
        }
        for place in others.indices where others[place].basis == basis && others[place].body == body {
            others[place].voters.insert(replica)
            return others[place]
        }
        others.append(Group(basis: basis, body: body, voters: ReplicaSet(CollectionOfOne(replica))))
        return others[others.count - 1]
    }

    private mutating func withdraw(_ replica: ReplicaIndex) {
        first?.voters.remove(replica)
        for place in others.indices { others[place].voters.remove(replica) }
        others.removeAll { $0.voters.isEmpty }
        if first?.voters.isEmpty == true { first = others.popLast() }
    }

    // MARK: Acceptance

    /// Only the group that has just grown can have become enough, alone or together: tentative replies count with those
    /// of the same epoch and instance, final ones join any.
    private func accepted(with group: Group, rule: borrowing AcceptanceRule) -> Accepted? {
        switch group.basis {
        case .read:
            return rule.isQuorum(group.voters) ? Accepted(group) : nil
        case .tentative:
            if rule.isQuorum(group.voters) { return Accepted(group) }
            guard let final = finalGroup(saying: group.body) else { return nil }
            return joined(group, final, rule)
        case .final:
            if rule.isEnough(final: group.voters) { return Accepted(group) }
            if let first, let accepted = joined(first, group, rule) { return accepted }
            for other in others {
                if let accepted = joined(other, group, rule) { return accepted }
            }
            return nil
        }
    }

    private func joined(_ tentative: Group, _ final: Group, _ rule: borrowing AcceptanceRule) -> Accepted? {
        guard case .tentative = tentative.basis, tentative.body == final.body else { return nil }
        let voters = tentative.voters.union(final.voters)
        return rule.isQuorum(voters) ? Accepted(basis: tentative.basis, body: tentative.body, voters: voters) : nil
    }

    private func finalGroup(saying body: ReplyBody) -> Group? {
        if let first, first.basis == .final, first.body == body { return first }
        return others.first { $0.basis == .final && $0.body == body }
    }
}

extension ReplyTally.Accepted {
    fileprivate init(_ group: ReplyTally.Group) {
        self.init(basis: group.basis, body: group.body, voters: group.voters)
    }
}

extension ReplicaSet {
    func union(_ other: ReplicaSet) -> ReplicaSet {
        var result = self
        for member in other { result.insert(member) }
        return result
    }

    func subtracting(_ other: ReplicaSet) -> ReplicaSet {
        var result = self
        for member in other { result.remove(member) }
        return result
    }
}
