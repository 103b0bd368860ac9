// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Who may be a member together with whom, as far as the plans tell. How long an operation takes nobody knows beforehand.
extension Scenario {
    /// After so many operations.
    struct Membership {
        let operations: Int
        let members: Set<Int>
        let f: Int
    }

    /// One after the other where one administrator waits for each learner; otherwise all that might be, together.
    var memberships: [Membership] {
        let isInOrder = changes.allSatisfy { $0.administrator == 0 && ($0.waits || isGivenUp($0)) }
        guard isInOrder else { return [anyMembership] }
        var (members, f) = (Set(0..<n), f)
        var found = [Membership(operations: 0, members: members, f: f)]
        for (place, plan) in changes.sorted(by: { $0.at < $1.at }).enumerated() {
            switch plan.change {
            case .add(let slot): members.insert(slot)
            case .replace(let old, let new) where members.contains(old) && !members.contains(new):
                found.append(Membership(operations: place + 1, members: members, f: f))
                members.remove(old)
                members.insert(new)
            // Whoever leads: any of them may stay.
            case .replaceLeader(let slot): members.insert(slot)
            case .remove(let slot):
                if !isLearnerForEver(slot), members.count > faultModel.membersMin(f: f) { members.remove(slot) }
            case .tolerate(let count): f = count
            case .replace, .rotateKey, .administer, .upgrade, .admit, .expel, .serve: break
            }
            found.append(Membership(operations: place + 1, members: members, f: f))
        }
        return found
    }

    private var anyMembership: Membership {
        let counts = changes.compactMap { if case .tolerate(let count) = $0.change { count } else { nil } }
        return Membership(operations: Int.max, members: Set(0..<slots), f: (counts + [f]).min() ?? f)
    }

    /// It takes a learner off that would else be waited for.
    private func isGivenUp(_ plan: ChangePlan) -> Bool {
        if case .remove(let slot) = plan.change { return slot >= n } else { return false }
    }

    /// Nobody hears of it.
    private func isLearnerForEver(_ slot: Int) -> Bool { slot >= n && newcomers[slot - n].startsAt > healsAt }

    // MARK: - Complaints

    var membershipComplaint: String? {
        for membership in memberships {
            let faulty = membership.members.sorted().filter { isFaulty($0, after: membership.operations) }
            guard faulty.count > membership.f else { continue }
            return
                "\(faulty.count) replicas lie, crash, rot or have wrong clocks (\(faulty.map(String.init).joined(separator: ", "))) "
                + "and may be members together, more than f = \(membership.f); say 'beyond: true' if that is meant"
        }
        return nil
    }

    /// However many crash: of those that lie there are never more than f.
    var lyingComplaint: String? {
        for membership in memberships {
            let lying = membership.members.filter { isLiar($0) || isRobbed($0) }.count
            if lying > membership.f {
                return
                    "\(lying) liars may be members together, more than f = \(membership.f): nothing could be promised"
            }
        }
        return nil
    }

    private func isFaulty(_ slot: Int, after operations: Int) -> Bool {
        isLiar(slot) || isRobbed(slot) || rots(slot) || isClockWrong(slot) || crashes(slot, after: operations)
            || !settings.isDurable && changes.contains { $0.change == .rotateKey(slot) }
    }

    /// Somebody has its old key.
    package func isRobbed(_ slot: Int) -> Bool { thieves.contains { $0.replica == slot } }

    /// What cannot be run at all.
    var changeComplaint: String? {
        for plan in changes {
            if let wrong = plan.change.slots.first(where: { !(0..<slots).contains($0) }) {
                return "there is no replica \(wrong)"
            }
            switch plan.change {
            case .add(let slot) where slot < n, .replace(_, let slot) where slot < n,
                .replaceLeader(let slot) where slot < n:
                return "replica \(slot) is there from the beginning and cannot be added"
            case .tolerate(let count) where count < 1: return "'tolerate' must be 1 or more"
            case .administer(let needed) where !(1...2).contains(needed):
                return "there are 2 administrators, so that \(needed) of them cannot be asked for"
            default: break
            }
            if let client = plan.change.client, !clients.indices.contains(client) {
                return "there is no client \(client)"
            }
            guard (0...1).contains(plan.administrator) else { return "there is no administrator \(plan.administrator)" }
        }
        if let wrong = listedClients?.first(where: { !clients.indices.contains($0) }) {
            return "there is no client \(wrong) that could be listed"
        }
        if let thief = thieves.first(where: { thief in !changes.contains { $0.change == .rotateKey(thief.replica) } }) {
            return "replica \(thief.replica) has no old key that somebody could have: it never gets another one"
        }
        if let old = oldPrograms.first(where: { !(0..<slots).contains($0.replica) }) {
            return "there is no replica \(old.replica)"
        }
        guard oldPrograms.isEmpty || settings.protocolVersion == 1 else {
            return
                "a program that speaks version 1 alone has no place in a group that speaks \(settings.protocolVersion)"
        }
        if n == 1, !newcomers.isEmpty, changes.contains(where: { if case .add = $0.change { true } else { false } }) {
            return "a group of one replica cannot grow: let the newcomer replace it"
        }
        return faultModel == .byzantine || thieves.isEmpty ? nil : "nobody may lie in a crash group"
    }
}
