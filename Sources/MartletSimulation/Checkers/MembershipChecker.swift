// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCore
package import MartletTypes

/// Who belongs to the group (protocol §8), judged by each view and the one before it alone: a newcomer comes as a learner with an id above
/// all that there were, and becomes a member from there or not at all; whoever is gone is gone for good; one thing changes at a time; and
/// operations are numbered without a gap.
package struct MembershipChecker: Sendable {
    private var judged: Set<ViewNumber> = []
    private var gone: Set<ReplicaID> = []
    private var owners: [PublicKey: ReplicaID] = [:]
    /// By what happened, how often.
    package private(set) var counts: [MembershipEvent: Int] = [:]

    package init() {}

    /// A correct replica holds this for proved.
    package mutating func proved(_ certificate: ViewCertificate, after view: View?, at now: Instant) -> Violation? {
        guard let view, judged.insert(certificate.next.number).inserted else { return nil }
        let next = certificate.next
        func complaint(_ text: String) -> Violation {
            Violation(.membership, at: now, "view \(next.number) \(text)")
        }
        let (before, after) = (view.audience.map(\.id), next.audience.map(\.id))
        let come = after.filter { !before.contains($0) }
        let left = before.filter { !after.contains($0) }
        if let back = after.first(where: { gone.contains($0) }) { return complaint("lists \(back), which was gone") }
        for id in left { gone.insert(id) }
        for member in view.audience + next.audience {
            guard owners[member.key, default: member.id] == member.id else {
                return complaint("lists a key of \(member.id) that was \(owners[member.key, default: member.id])'s")
            }
            owners[member.key] = member.id
        }
        guard come.count <= 1, come.allSatisfy({ $0 > view.lastID && next.index(of: $0) == nil }) else {
            return complaint("lists \(come) anew, and the highest id was \(view.lastID)")
        }
        guard next.lastID == max(view.lastID, come.first ?? view.lastID) else {
            return complaint("says that \(next.lastID) is the highest id ever given, after \(view.lastID)")
        }
        guard next.lastOperation == view.lastOperation || next.lastOperation == view.lastOperation.next else {
            return complaint("follows operation \(next.lastOperation), the one before \(view.lastOperation)")
        }
        let promoted = next.members.filter { view.index(of: $0.id) == nil }.map(\.id)
        guard promoted.count <= 1, promoted.allSatisfy({ id in view.learners.contains { $0.member.id == id } }) else {
            return complaint("has members that were no learners: \(promoted)")
        }
        guard left.count <= 1, next.n >= (next.faultModel == .byzantine ? 3 : 2) * next.f + 1 else {
            return complaint("lacks \(left), and has \(next.n) members for \(next.f) faults")
        }
        let isOperation = next.lastOperation > view.lastOperation
        let changesBySomebody = !come.isEmpty || next.f != view.f || next.administration != view.administration
        guard isOperation || !changesBySomebody && (left.isEmpty || !promoted.isEmpty) else {
            return complaint("changes who belongs to the group, and no operation was done")
        }
        return judge(promoted.first, left.first, view, next).map(complaint)
            ?? count(promoted.first, left.first, view, next)
    }

    /// Who leaves when a learner becomes a member is who it was to replace.
    private func judge(_ promoted: ReplicaID?, _ left: ReplicaID?, _ view: View, _ next: View) -> String? {
        guard let promoted else { return nil }
        let replaced = view.learners.first { $0.member.id == promoted }?.replaced
        guard replaced == left else {
            return "admits \(promoted), which was to replace \(replaced.map(String.init) ?? "nobody"), and lacks "
                + (left.map(String.init) ?? "nobody")
        }
        let stays = view.members.filter { $0.id != left }.map(\.id) + [promoted]
        return stays.sorted() == next.members.map(\.id).sorted()
            ? nil : "changes more than that \(promoted) is a member"
    }

    private mutating func count(_ promoted: ReplicaID?, _ left: ReplicaID?, _ view: View, _ next: View) -> Violation? {
        func note(_ event: MembershipEvent) { counts[event, default: 0] += 1 }
        if next.lastOperation > view.lastOperation { note(.operation) }
        if next.learners.count > view.learners.count { note(.added) }
        if promoted != nil { note(.promoted) }
        if let left {
            let isLeader = view[view.leader(of: .first)].id == left
            if view.index(of: left) == nil {
                note(.givenUp)
            } else {
                note(promoted == nil ? .removed : .replaced)
                if isLeader { note(promoted == nil ? .leaderRemoved : .leaderReplaced) }
            }
        }
        if next.f > view.f { note(.raised) }
        if next.f < view.f { note(.lowered) }
        if next.administration != view.administration { note(.administered) }
        if next.audience.contains(where: { member in view.replica(member.id).map { $0.key != member.key } ?? false }) {
            note(.rotated)
        }
        return nil
    }
}

/// What a view changes of who belongs to the group.
package enum MembershipEvent: String, Hashable, Sendable, CaseIterable {
    case operation = "operation done"
    case added = "learner added"
    case promoted = "learner promoted"
    case givenUp = "learner given up"
    case replaced = "member replaced"
    case leaderReplaced = "leader replaced"
    case removed = "member removed"
    case leaderRemoved = "leader removed"
    case raised = "f raised"
    case lowered = "f lowered"
    case rotated = "key replaced by an operation"
    case administered = "administrators changed"
}

/// Each number stands for one operation, in the agreed history.
package enum OperationChecker {
    package static func check(_ history: [Execution], at now: Instant) -> [Violation] {
        var last = OperationNumber.none
        var violations: [Violation] = []
        for execution in history {
            for step in execution.steps {
                guard case .reconfigure(.follows) = step.verdict, case .reconfiguration(let it) = step.request.kind
                else { continue }
                if it.number != last.next {
                    violations.append(
                        Violation(
                            .membership, at: now,
                            "operation \(it.number) is done in instance \(execution.instance), after operation \(last)")
                    )
                }
                last = it.number
            }
        }
        return violations
    }
}
