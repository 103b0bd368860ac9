// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What the colluding liars of one world know together: whatever one of them makes up, the others back, at once and
/// towards the same replicas. Malicious clients may be in league with them.
package final class Conspiracy {
    /// Two stories of one instance: one for a side, another for the rest.
    struct Split {
        let epoch: Epoch
        let told: Digest
        let other: Batch
        let otherDigest: Digest
        /// Who is told the other story.
        let side: [ReplicaID]
        /// Bodies that no client sent, where the other batch has some; all conspirators vouch for them.
        let forged: [ForwardedRequest]
    }

    /// The conspirators.
    package let members: [ReplicaID]
    /// Who claims to be next to whom.
    let neighbours: [ReplicaID]
    /// Half of the replicas that are in no conspiracy.
    let half: [ReplicaID]
    private(set) var splits: [Round: Split] = [:]
    /// In the order in which they were made.
    private(set) var rounds: [Round] = []
    private static let roundsMax = 64
    /// By regency that began: what leader shows to the half that is told another story.
    var otherSyncs: [Regency: Sync] = [:]
    /// Requests that clients in league gave to the conspirators: others got something else under the same name, or nothing.
    private(set) var gifts: [Request] = []
    private static let giftsMax = 8

    package init(view: View, members: [ReplicaID], neighbours: [ReplicaID], random: inout SeededRandom) {
        self.members = members
        self.neighbours = neighbours
        var others = view.members.map(\.id).filter { !members.contains($0) }
        random.shuffle(&others)
        half = Array(others.prefix(others.count / 2))
    }

    func add(_ split: Split, at round: Round) {
        guard splits[round] == nil else { return }
        splits[round] = split
        rounds.append(round)
        if rounds.count > Self.roundsMax { splits[rounds.removeFirst()] = nil }
    }

    /// The batch that was told to one side only, by its digest.
    func other(_ digest: Digest) -> Batch? {
        for round in rounds.reversed() {
            if let split = splits[round], split.otherDigest == digest { return split.other }
        }
        return nil
    }

    func give(_ request: Request) {
        gifts.append(request)
        if gifts.count > Self.giftsMax { gifts.removeFirst() }
    }

    func takeGift() -> Request? { gifts.popLast() }
}
