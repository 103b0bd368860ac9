// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClient
import MartletTypes

/// How a group is, from what its members said of themselves at about the same time.
struct GroupHealth {
    let view: View
    /// Of members, and then of learners.
    let reports: [MemberReport]
    /// What they say of each other.
    var sights: [PeerSight]

    init(view: View, reports: [MemberReport]) {
        self.view = view
        self.reports = reports
        sights = reports.compactMap(\.status).flatMap { status in
            status.peers.map {
                PeerSight(
                    witness: status.replica, replica: $0.replica, decided: $0.decided,
                    unreachableSeconds: $0.unreachableSeconds)
            }
        }
    }

    /// Of members.
    var answering: [ReplicaStatus] {
        reports.filter { view.index(of: $0.member.id) != nil }.compactMap(\.status)
    }

    private var voters: ReplicaSet {
        ReplicaSet(answering.filter { $0.mode == .voter }.compactMap { view.index(of: $0.replica) })
    }

    /// Whether the members that vote, and have agreed on their leader's first steps, are a quorum.
    var isServing: Bool {
        let synced = answering.filter { $0.mode == .voter && $0.isSynced && $0.epoch == epoch }
        return view.isQuorum(ReplicaSet(synced.compactMap { view.index(of: $0.replica) }))
    }

    /// The newest epoch that a member is in.
    var epoch: Epoch? { answering.map(\.epoch).max() }

    /// Whom the members of the newest epoch follow.
    var leader: ReplicaID? { answering.filter { $0.epoch == epoch }.first?.leader }

    /// How many instances a member is behind the one that has executed most.
    func lag(of status: ReplicaStatus) -> Int {
        (answering.map(\.executed).max() ?? .zero).distance(beyond: status.executed)
    }

    /// How far a learner is behind, by its own word or, where it cannot be reached from here, by the others'; nil when nobody knows.
    func lag(of learner: Learner) -> Int? {
        if let status = reports.first(where: { $0.member.id == learner.member.id })?.status { return lag(of: status) }
        // One of f+1 is correct.
        let told = sights.filter {
            // One that has not told anybody how far it is may be anywhere.
            $0.replica == learner.member.id && $0.decided > .zero && view.index(of: $0.witness) != nil
        }.map(\.decided).sorted(by: >)
        guard told.count > view.f else { return nil }
        return (answering.map(\.executed).max() ?? .zero).distance(beyond: told[view.f])
    }

    /// Whom the group serves, by the word of f+1 members, the furthest of them first; nil when so many do not agree.
    var access: AccessSummary? {
        let told = answering.filter { view.index(of: $0.replica) != nil }.sorted { $0.executed > $1.executed }
        return told.first { one in told.count { $0.access == one.access } > view.f }?.access
    }

    /// How much less than at its founding the group tolerates; empty when all members vote.
    private var tolerance: String {
        let missing = view.n - voters.count
        guard missing > 0 else { return "" }
        let left = max(0, view.f - missing)
        return "; \(missing) without a vote, so it tolerates \(left == 0 ? "no further fault" : "\(left) more")"
    }

    /// Why one of them turns this client away; nil when none does.
    private var refusal: String? {
        for case .unreachable(let reason) in reports.map(\.answer) where reason.hasPrefix(Self.refused) {
            return String(reason.dropFirst(Self.refused.count))
        }
        return nil
    }
    private static let refused = "refused: "

    /// In one sentence.
    var sentence: String {
        guard !answering.isEmpty else {
            if let refusal { return "no replica lets this client in; of the group one says: \(refusal)" }
            return view.number == .genesis
                ? "no replica answers; those of this machine are started by: martlet up. If all that the genesis lists have been replaced, "
                    + "name one that is there now: --via HOST:PORT"
                : "no replica of view \(view.number), the newest that was told, answers"
        }
        let count = "\(answering.count) of \(view.n) replicas answer"
        if isServing, let leader, let epoch {
            return "\(count), and the group serves: replica \(leader) leads in regency \(epoch.regency)\(tolerance)"
        }
        let learners = answering.count { $0.mode == .learner }
        if learners > 0, !view.isQuorum(voters), learners + voters.count == view.n {
            return
                "\(count), but \(learners) of them have voted in an earlier run and lost their votes, which are kept "
                + "in memory only: the group has ended. Found a new one with: martlet init"
        }
        if view.isQuorum(voters) { return "\(count), but they are still agreeing on a leader" }
        return "\(count), \(voters.count) of them with a vote, which is too few to serve"
    }
}
