// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import MartletWire

/// Proposals, votes and what else only says where in the protocol it belongs.
extension Verifier {
    /// Whether the leader may propose this is the core's to judge, also by how much it lists: what no correct leader
    /// proposes ends its regency.
    func checked(_ propose: Propose) throws(VerificationError) -> Proposal {
        try check(propose.epoch)
        try checkNumbers(of: propose.batch)
        return Proposal(
            epoch: propose.epoch, batch: propose.batch, digest: Hashing.digest(of: propose.batch, group: group))
    }

    func checked(_ vote: WriteVote) throws(VerificationError) -> WriteVote {
        try check(vote.epoch)
        try check(vote.instance)
        return vote
    }

    /// The channel proves this vote; its signature waits until a certificate is needed.
    func checked(_ vote: AcceptVote) throws(VerificationError) -> AcceptVote {
        try check(vote.epoch)
        try check(vote.instance)
        return vote
    }

    func checked(_ decided: Decided) throws(VerificationError) -> Decided {
        try check(decided.view)
        try check(decided.instance)
        return decided
    }

    func checked(_ vote: CheckpointVote, from sender: ReplicaID) throws(VerificationError) -> CheckpointVote {
        try check(vote.view)
        try check(vote.instance)
        let view = try known(vote.view).view
        guard isValid(vote.signature, of: .checkpoint(vote), by: sender, in: view) else { throw .invalidSignature }
        return vote
    }

    func checked(_ progress: Progress) throws(VerificationError) -> Progress {
        try check(progress.epoch)
        guard VerifierLimits.isInRange(progress.decided.rawValue, from: 0),
            VerifierLimits.isInRange(progress.stableCheckpoint.rawValue, from: 0)
        else { throw .numberOutOfRange }
        return progress
    }

    func checked(_ challenge: Challenge) throws(VerificationError) -> Challenge {
        switch challenge.subject {
        case .vote: break
        case .proposal(let epoch, let instance):
            try check(epoch)
            try check(instance)
        case .dummyProposal(let padding):
            guard padding.count <= view.proposalBytes(entries: views.batchEntriesMax) else {
                throw .paddingTooLong(padding.count)
            }
        }
        return challenge
    }

    // MARK: Numbers

    /// A view that there can be; whether it is the one that counts is the core's to say.
    func check(_ view: ViewNumber) throws(VerificationError) {
        guard VerifierLimits.isInRange(view.rawValue, from: 1) else { throw .wrongView(view) }
    }

    /// An epoch with a leader.
    func check(_ epoch: Epoch) throws(VerificationError) {
        try check(epoch.view)
        guard VerifierLimits.isInRange(epoch.regency.rawValue, from: 1) else { throw .numberOutOfRange }
    }

    func check(_ instance: Instance) throws(VerificationError) {
        guard VerifierLimits.isInRange(instance.rawValue, from: 1) else { throw .numberOutOfRange }
    }

    func check(_ batch: Batch) throws(VerificationError) {
        guard batch.entries.count <= views.batchEntriesMax else {
            throw .tooManyRequests(batch.entries.count)
        }
        try checkNumbers(of: batch)
    }

    private func checkNumbers(of batch: Batch) throws(VerificationError) {
        try check(batch.instance)
        guard VerifierLimits.isInRange(batch.time.rawValue, from: 0) else { throw .numberOutOfRange }
    }
}
