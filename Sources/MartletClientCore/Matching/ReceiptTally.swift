// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The shares of one receipt (protocol §4). Each replica counts once, with its latest share, so that a liar never takes more room than
/// anybody else however many different things it signs.
struct ReceiptTally {
    private var shares: [(replica: ReplicaIndex, share: ReceiptShare)] = []

    /// Who has sent one.
    private(set) var voted = ReplicaSet()

    /// Counts the share, in place of an earlier one of the same replica. It must be of this view. Returns the certificate once those that
    /// say the same weigh a quorum: what they say is then what was executed, since one of them at least is correct.
    mutating func count(
        _ share: ReceiptShare, from replica: ReplicaIndex, in view: View
    ) -> ReceiptCertificate? {
        if !voted.insert(replica) { shares.removeAll { $0.replica == replica } }
        shares.append((replica, share))
        let matching = shares.filter { $0.share.statement == share.statement }
        guard view.isQuorum(ReplicaSet(matching.map(\.replica))) else { return nil }
        return ReceiptCertificate(
            statement: share.statement,
            shares: matching.map { SignatureShare(replica: view[$0.replica].id, signature: $0.share.signature) }
                .sorted { $0.replica < $1.replica })
    }
}
