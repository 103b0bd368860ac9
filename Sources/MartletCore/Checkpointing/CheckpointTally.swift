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
    private var votes: ReplicaTable<[CheckpointVote]>

    package init(n: Int) { votes = ReplicaTable(repeating: [], count: n) }

    package var votesKept: Int { votes.all.reduce(0) { $0 + $1.count } }

    package var stableInstance: Instance { stable?.instance ?? .zero }

    package mutating func noteOwn(_ vote: CheckpointVote, after position: LogPosition = .start) {
        (own, ownAfter) = (vote, position)
    }
    package mutating func forgetOwn() { own = nil }

    /// Adds a vote whose signature is valid. Returns the certificate when it makes a checkpoint stable.
    package mutating func add(_ vote: CheckpointVote, from member: ReplicaIndex, view: View) -> CheckpointCertificate? {
        addToStable(vote, from: member, view: view)
        guard vote.view == view.number, vote.instance > stableInstance,
            vote.instance.rawValue % UInt64(view.settings.checkpointPeriod) == 0,
            !votes[member].contains(where: { $0.instance == vote.instance })
        else { return nil }
        votes[member].append(vote)
        if votes[member].count > Self.votesPerMemberMax {
            votes[member].sort { $0.instance < $1.instance }
            votes[member].removeFirst()
        }
        return certificate(for: vote, view: view)
    }

    /// A certificate has everybody's word, also of those who came after the quorum: a member that has forgotten what it said may find it
    /// there.
    private mutating func addToStable(_ vote: CheckpointVote, from member: ReplicaIndex, view: View) {
        guard let stable, vote.view == view.number, vote.view == stable.view, vote.instance == stable.instance,
            vote.digest == stable.digest, !stable.shares.contains(where: { $0.replica == view[member].id })
        else { return }
        let share = SignatureShare(replica: view[member].id, signature: vote.signature)
        self.stable = CheckpointCertificate(
            view: stable.view, instance: stable.instance, digest: stable.digest,
            shares: (stable.shares + [share]).sorted { $0.replica < $1.replica })
    }

    private func certificate(for vote: CheckpointVote, view: View) -> CheckpointCertificate? {
        var signers = ReplicaSet()
        var shares: [SignatureShare] = []
        for position in votes.indices {
            let member = ReplicaIndex(position)
            guard
                let same = votes[member].first(where: {
                    $0.view == vote.view && $0.instance == vote.instance && $0.digest == vote.digest
                })
            else { continue }
            signers.insert(member)
            shares.append(SignatureShare(replica: view[member].id, signature: same.signature))
        }
        guard view.isQuorum(signers) else { return nil }
        return CheckpointCertificate(
            view: view.number, instance: vote.instance, digest: vote.digest,
            shares: shares.sorted { $0.replica < $1.replica })
    }

    /// Takes a certificate that was verified or just made.
    package mutating func makeStable(_ certificate: CheckpointCertificate) {
        guard certificate.instance > stableInstance else { return }
        stable = certificate
        for position in votes.indices {
            votes[ReplicaIndex(position)].removeAll { $0.instance <= certificate.instance }
        }
    }
}
