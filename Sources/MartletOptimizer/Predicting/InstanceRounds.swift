// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Consensus instances one after another, as adaptation §4 predicts them; the numbers are its steps. All times are in
/// microseconds since the leader proposed the instance. Nothing overflows: a link takes at most an hour or is missing,
/// so that a round adds at most three hours, and what is missing is cut to `missing` at each step.
struct InstanceRounds: Sendable {
    private let n: Int
    private let faultModel: FaultModel
    private let voting: VotingWeights
    /// By sender and receiver.
    private let proposeLinks: [UInt64]
    /// By receiver and sender.
    private let voteLinks: [UInt64]

    private(set) var weights: [UInt64]
    private var leader = 0
    private var offsets: [UInt64]
    private(set) var proposed: [UInt64]
    private(set) var written: [UInt64]
    private(set) var decided: [UInt64]
    private var writeArrivals: ArrivalOrder
    private var acceptArrivals: ArrivalOrder

    init(faultModel: FaultModel, voting: VotingWeights, propose: LinkLatencies, vote: LinkLatencies) {
        precondition(propose.count == vote.count, "the matrices are of different views")
        n = vote.count
        self.faultModel = faultModel
        self.voting = voting
        proposeLinks = propose.bySender()
        voteLinks = vote.byReceiver()
        weights = Array(repeating: 0, count: n)
        offsets = weights
        proposed = weights
        written = weights
        decided = weights
        writeArrivals = ArrivalOrder(receivers: n, senders: n)
        acceptArrivals = writeArrivals
    }

    var quorum: UInt64 { voting.quorum }

    /// Nothing has been decided yet: all offsets are 0.
    mutating func begin(leader: Int, heavy: ReplicaSet) {
        self.leader = leader
        for replica in 0..<n {
            offsets[replica] = 0
            weights[replica] = voting.light
        }
        for replica in heavy { weights[replica.position] = voting.heavy }
    }

    /// The next instance, as far as its leader sees it (steps 1 to 3): when the leader decides.
    mutating func decideAtLeader() -> UInt64 {
        for replica in 0..<n { proposed[replica] = max(offsets[replica], proposeLinks[leader * n + replica]) }
        if faultModel == .crash {
            for replica in 0..<n { written[replica] = proposed[replica] }
        } else {
            for replica in 0..<n {
                written[replica] = writeArrivals.quorumTime(
                    at: replica, sent: proposed, links: voteLinks, weights: weights, quorum: voting.quorum)
            }
        }
        decided[leader] = decision(at: leader)
        return decided[leader]
    }

    /// The same instance at the others (step 3).
    mutating func decideElsewhere() {
        for replica in 0..<n where replica != leader { decided[replica] = decision(at: replica) }
    }

    /// How far the others lag behind the leader (step 4). False when no offset changes any more: then every further
    /// instance is as this one.
    mutating func advance() -> Bool {
        var hasChanged = false
        for replica in 0..<n {
            let lag = decided[replica] > decided[leader] ? decided[replica] - decided[leader] : 0
            let offset = decided[replica] >= Latency.missing.rawValue ? Latency.missing.rawValue : lag
            if offset != offsets[replica] { hasChanged = true }
            offsets[replica] = offset
        }
        return hasChanged
    }

    private mutating func decision(at replica: Int) -> UInt64 {
        acceptArrivals.quorumTime(
            at: replica, sent: written, links: voteLinks, weights: weights, quorum: voting.quorum)
    }
}
