// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The votes of one phase of one (view, regency, instance): each member counts once, by its first vote.
package struct VoteTally: Sendable {
    package enum Addition: Hashable, Sendable {
        case counted
        case repeated
        /// The voter voted for another digest before; this vote does not count.
        case equivocation
    }

    private struct Count: Sendable {
        let digest: Digest
        var voters: ReplicaSet
        var weight: Weight
    }

    /// Almost always one entry; never more than there are members.
    private var counts: [Count] = []
    private var voted = ReplicaSet()

    package init() {}

    package mutating func add(_ voter: ReplicaIndex, for digest: Digest, weight: Weight) -> Addition {
        let place = counts.firstIndex { $0.digest == digest }
        guard voted.insert(voter) else {
            return place.map { counts[$0].voters.contains(voter) } == true ? .repeated : .equivocation
        }
        if let place {
            counts[place].voters.insert(voter)
            counts[place].weight += weight
        } else {
            counts.append(Count(digest: digest, voters: ReplicaSet([voter]), weight: weight))
        }
        return .counted
    }

    package func voters(for digest: Digest) -> ReplicaSet {
        counts.first { $0.digest == digest }?.voters ?? ReplicaSet()
    }

    /// How many members' votes are counted.
    package var count: Int { voted.count }

    package func hasVoted(_ voter: ReplicaIndex) -> Bool { voted.contains(voter) }

    /// The digest that a quorum voted for.
    package func quorumDigest(of rule: QuorumRule) -> Digest? {
        counts.first { $0.weight >= rule.quorumWeight }?.digest
    }

    /// A digest that at least one correct member voted for; of several the one with most weight, then the least.
    package func weakDigest(of rule: QuorumRule) -> Digest? {
        var best: Count?
        for count in counts where count.voters.count >= rule.weakCount {
            guard let found = best else {
                best = count
                continue
            }
            if count.weight > found.weight || (count.weight == found.weight && count.digest < found.digest) {
                best = count
            }
        }
        return best?.digest
    }
}
