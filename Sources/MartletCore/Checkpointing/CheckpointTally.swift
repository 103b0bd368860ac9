// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Counts signed checkpoint votes until a quorum makes one stable.
package struct CheckpointTally: Sendable {
    /// So many votes of one member are kept: its newest ones.
    static let votesPerMemberMax = 4

    package private(set) var stable: CheckpointCertificate?
    /// This replica's own newest vote.
    package private(set) var own: CheckpointVote?
    /// What it rests on: a state that was taken over is remembered by the record of its certificate only.
    private(set) var ownAfter = LogPosition.start
    /// By the members' ids, ascending: a vote may be of another view than the next one.
    private var votes: [(member: ReplicaID, votes: [CheckpointVote])] = []

    package init() {}

    package var votesKept: Int { votes.reduce(0) { $0 + $1.votes.count } }

    package var stableInstance: Instance { stable?.instance ?? .zero }

    package mutating func noteOwn(_ vote: CheckpointVote, after position: LogPosition = .start) {
        (own, ownAfter) = (vote, position)
    }
    package mutating func forgetOwn() { own = nil }

    /// Adds a vote whose signature is valid. Returns the certificate when it makes a checkpoint stable.
    package mutating func add(_ vote: CheckpointVote, from member: ReplicaID, view: View) -> CheckpointCertificate? {
        addToStable(vote, from: member, view: view)
        guard vote.view == view.number, view.index(of: member) != nil, vote.instance > stableInstance,
            vote.instance.rawValue % UInt64(view.settings.checkpointPeriod) == 0
        else { return nil }
        let place = place(of: member)
        guard !votes[place].votes.contains(where: { $0.instance == vote.instance }) else { return nil }
        votes[place].votes.append(vote)
        if votes[place].votes.count > Self.votesPerMemberMax {
            votes[place].votes.sort { $0.instance < $1.instance }
            votes[place].votes.removeFirst()
        }
        return certificate(for: vote, view: view)
    }

    private mutating func place(of member: ReplicaID) -> Int {
        let place = votes.firstIndex { $0.member >= member } ?? votes.count
        if place == votes.count || votes[place].member != member { votes.insert((member, []), at: place) }
        return place
    }

    /// Who is neither a member nor going to be one has no word any more.
    package mutating func forget(except isMember: (ReplicaID) -> Bool) { votes.removeAll { !isMember($0.member) } }

    /// A certificate has everybody's word, also of those who came after the quorum: a member that has forgotten what it said may find it
    /// there.
    private mutating func addToStable(_ vote: CheckpointVote, from member: ReplicaID, view: View) {
        guard let stable, view.index(of: member) != nil, vote.view == view.number, vote.view == stable.view,
            vote.instance == stable.instance,
            vote.digest == stable.digest, !stable.shares.contains(where: { $0.replica == member })
        else { return }
        let share = SignatureShare(replica: member, signature: vote.signature)
        self.stable = CheckpointCertificate(
            view: stable.view, instance: stable.instance, digest: stable.digest,
            shares: (stable.shares + [share]).sorted { $0.replica < $1.replica })
    }

    private func certificate(for vote: CheckpointVote, view: View) -> CheckpointCertificate? {
        var signers = ReplicaSet()
        var shares: [SignatureShare] = []
        for (member, votes) in votes {
            guard let index = view.index(of: member),
                let same = votes.first(where: {
                    $0.view == vote.view && $0.instance == vote.instance && $0.digest == vote.digest
                })
            else { continue }
            signers.insert(index)
            shares.append(SignatureShare(replica: member, signature: same.signature))
        }
        guard view.isQuorum(signers) else { return nil }
        return CheckpointCertificate(
            view: view.number, instance: vote.instance, digest: vote.digest, shares: shares)
    }

    /// Takes a certificate that was verified or just made.
    package mutating func makeStable(_ certificate: CheckpointCertificate) {
        guard certificate.instance > stableInstance else { return }
        stable = certificate
        for place in votes.indices { votes[place].votes.removeAll { $0.instance <= certificate.instance } }
    }
}
