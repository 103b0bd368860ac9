// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The votes of one instance in one regency.
package struct VoteRound: Sendable {
    package let regency: Regency
    package var writes = VoteTally()
    package var accepts = VoteTally()
    /// The ACCEPTs with their signatures, not checked, each member's first one.
    package var signed: [SignedAccept] = []

    package struct SignedAccept: Sendable {
        package let voter: ReplicaIndex
        package let digest: Digest
        package let signature: Signature

        package init(voter: ReplicaIndex, digest: Digest, signature: Signature) {
            self.voter = voter
            self.digest = digest
            self.signature = signature
        }
    }
}

/// A batch under its digest, with as many of its bodies as are known.
package struct KnownBatch: Sendable {
    package let batch: Batch
    package let digest: Digest
    package var bodies: [Request?]
    /// Bodies not known yet.
    package var missing: Int
    /// Entries that are not known to be authentic; such a batch is not voted for when fresh.
    package var unproven: Int
    /// The places whose bodies only stand in for void requests: they may be executed, but not handed on.
    package var standIns: Set<Int> = []
    package var isComplete: Bool { missing == 0 }
    /// Of the bodies' payloads, as far as they are known.
    package var bytes: Int { bodies.reduce(0) { $0 + ($1?.payload.count ?? 0) } }

    package init(batch: Batch, digest: Digest) {
        self.batch = batch
        self.digest = digest
        bodies = Array(repeating: nil, count: batch.entries.count)
        missing = batch.entries.count
        unproven = batch.entries.count
    }

    package init(_ resolved: ResolvedBatch) {
        batch = resolved.batch
        digest = resolved.digest
        bodies = resolved.bodies
        missing = resolved.bodies.count { $0 == nil }
        unproven = resolved.bodies.count
    }
}

extension KnownBatch {
    /// Fills in what the other copy of the same batch has and this one lacks; two members may each lack others.
    package mutating func takeBodies(of other: KnownBatch) {
        for (place, body) in other.bodies.enumerated() where !other.standIns.contains(place) {
            if let body { take(body, at: place) }
        }
    }

    package mutating func take(_ body: Request, at place: Int) {
        if bodies[place] == nil { missing -= 1 }
        standIns.remove(place)
        bodies[place] = body
    }

    /// Lets a void request's body, which nobody may have, be stood in for.
    package mutating func standIn(at place: Int) {
        guard bodies[place] == nil else { return }
        let id = batch.entries[place].id
        take(Request(id: id, kind: .operation, repliesKeptFrom: SequenceNumber(0), payload: []), at: place)
        standIns.insert(place)
    }

    /// Whether it holds what may end a view; always false where it holds anything else. What a stand-in stands for is void, but may
    /// have been meant to.
    package var mayEndView: Bool {
        guard bodies.count == 1, batch.entries[0].id.session != .ofProbes else { return false }
        return standIns.contains(0) || bodies[0]?.kind.mayEndView ?? true
    }

    /// Whether anything in it is about the view, to any effect or none.
    package var namesView: Bool { bodies.contains { $0?.kind.mayEndView == true } }

    /// What may end a view stands alone in its batch (protocol §5).
    package var isAloneIfItMust: Bool { bodies.count == 1 || !namesView }

    /// The batch as it is handed on, without stand-ins; nil while it is not complete.
    package var body: BatchBody? {
        guard isComplete else { return nil }
        var bodies = bodies
        for place in bodies.indices where standIns.contains(place) { bodies[place] = nil }
        return BatchBody(batch: batch, bodies: bodies)
    }
}

/// What one replica knows of one consensus instance, over all regencies of a view.
package struct ConsensusInstance: Sendable {
    /// So many regencies' votes are kept at most; of older ones only what was locked or written is.
    package static let roundsMax = 4
    /// So many batches are kept at most, besides those locked or decided.
    package static let batchesMax = 6

    package let number: Instance
    package var rounds: [VoteRound] = []
    package var batches: [KnownBatch] = []
    /// Batches of locks that this replica collected as the new leader: it serves them to others in this epoch.
    package var pinned: [Digest] = []
    /// The first proposal of the present epoch's leader.
    package var proposed: RegencyDigest?
    /// Whether that proposal passed the checks that need no request; a refused one is not voted for on its own merit.
    package var isProposalSound = false
    /// When the present epoch's first sign of life of this instance came.
    package var activeSince: Instant?
    package var lastResent: Instant = .zero
    package var askedForBodies: Instant?

    // What STOPDATA tells; kept until a stable checkpoint covers the instance (protocol §6).
    package var lock: RegencyDigest?
    package var writeSet: [RegencyDigest] = []

    // This replica's own votes, at most one of each kind a regency.
    package var wrote: RegencyDigest?
    package var accepted: RegencyDigest?
    /// The records of them.
    package var wroteAt = LogPosition.start
    package var acceptedAt = LogPosition.start
    /// The batches that are written down.
    package var logged: [Digest] = []
    package var isDecisionLogged = false
    package var decidedAt = LogPosition.start

    package var decidedWords = VoteTally()
    package var decided: Digest?
    /// Checked; shares are valid and weigh a quorum.
    package var certificate: DecisionCertificate?
    /// The certificate whose signatures are being checked.
    package var checking: DecisionCertificate?

    package init(number: Instance) { self.number = number }

    // MARK: Batches

    package func batch(_ digest: Digest) -> KnownBatch? { batches.first { $0.digest == digest } }

    package func completeBatch(_ digest: Digest) -> KnownBatch? {
        batches.first { $0.digest == digest && $0.isComplete }
    }

    /// Adds the batch unless it is there; makes room by dropping the oldest that nobody needs.
    package mutating func add(_ batch: KnownBatch) {
        if let place = batches.firstIndex(where: { $0.digest == batch.digest }) {
            batches[place].takeBodies(of: batch)
            return
        }
        if batches.count >= Self.batchesMax {
            let spare = batches.firstIndex { candidate in
                candidate.digest != decided && candidate.digest != lock?.digest && candidate.digest != proposed?.digest
                    && candidate.digest != wrote?.digest && !pinned.contains(candidate.digest)
            }
            if let spare { batches.remove(at: spare) }
        }
        batches.append(batch)
    }

    package mutating func pin(_ digest: Digest) {
        if !pinned.contains(digest) { pinned.append(digest) }
    }

    // MARK: Votes

    /// The place of this regency's votes, made when there is none; nil when it is too old to matter.
    package mutating func round(_ regency: Regency) -> Int? {
        if let place = rounds.lastIndex(where: { $0.regency == regency }) { return place }
        if rounds.count >= Self.roundsMax {
            guard rounds[0].regency < regency else { return nil }
            rounds.removeFirst()
        }
        let place = rounds.firstIndex { $0.regency > regency } ?? rounds.count
        rounds.insert(VoteRound(regency: regency), at: place)
        return place
    }

    /// The digest that a quorum wrote in this regency. (Rounds are looked at in place: a copy would cost more than the
    /// look.)
    package func quorumWritten(in regency: Regency, _ rule: QuorumRule) -> Digest? {
        for place in rounds.indices.reversed() where rounds[place].regency == regency {
            return rounds[place].writes.quorumDigest(of: rule)
        }
        return nil
    }

    /// The digest that f+1 members voted for in the first phase of this regency: WRITE, in `crash` mode ACCEPT.
    package func weaklyVoted(in regency: Regency, _ rule: QuorumRule) -> Digest? {
        for place in rounds.indices.reversed() where rounds[place].regency == regency {
            switch rule.faultModel {
            case .byzantine: return rounds[place].writes.weakDigest(of: rule)
            case .crash: return rounds[place].accepts.weakDigest(of: rule)
            }
        }
        return nil
    }

    /// Whether the leader, f+1 members or a decision name this batch.
    package func asksFor(_ digest: Digest, _ view: View) -> Bool {
        if proposed?.digest == digest || decided == digest { return true }
        if view.isWeakCertificate(decidedWords.voters(for: digest)) { return true }
        return rounds.contains { round in
            view.isWeakCertificate(round.writes.voters(for: digest))
                || view.isWeakCertificate(round.accepts.voters(for: digest))
        }
    }

    /// Notes an own WRITE; false when the write set is full, and then the vote must not be sent.
    package mutating func noteWrite(_ vote: RegencyDigest, writeSetMax: Int) -> Bool {
        if let place = writeSet.firstIndex(where: { $0.digest == vote.digest }) {
            writeSet[place] = vote
        } else {
            guard writeSet.count < writeSetMax else { return false }
            let place = writeSet.firstIndex { $0.digest > vote.digest } ?? writeSet.count
            writeSet.insert(vote, at: place)
        }
        wrote = vote
        return true
    }

    /// The digest decided by ACCEPTs of any one regency, or by enough words of others.
    package func decidedByVotes(_ rule: QuorumRule) -> Digest? {
        for round in rounds {
            if let digest = round.accepts.quorumDigest(of: rule) { return digest }
        }
        return decidedWords.weakDigest(of: rule)
    }

    /// The ACCEPTs of the regency that decided, as a certificate whose signatures are still to be checked.
    package func uncheckedCertificate(_ view: View) -> DecisionCertificate? {
        guard let decided else { return nil }
        for round in rounds where round.accepts.quorumDigest(of: view.quorum) == decided {
            let shares = round.signed.filter { $0.digest == decided }
                .map { SignatureShare(replica: view[$0.voter].id, signature: $0.signature) }
                .sorted { $0.replica < $1.replica }
            let signers = ReplicaSet(shares.compactMap { view.index(of: $0.replica) })
            guard view.isQuorum(signers) else { continue }
            return DecisionCertificate(
                epoch: Epoch(view: view.number, regency: round.regency), instance: number, digest: decided,
                shares: shares)
        }
        return nil
    }

    /// Ends a check: forgets the signatures that turned out to be invalid and returns their makers. Those that came only
    /// while the check was under way are not judged by it.
    package mutating func endCheck(_ checked: DecisionCertificate, view: View) -> [ReplicaID] {
        guard let asked = checking, asked.epoch == checked.epoch, asked.digest == checked.digest else { return [] }
        checking = nil
        let invalid = asked.shares.filter { !checked.shares.contains($0) }
        if !invalid.isEmpty, let place = rounds.firstIndex(where: { $0.regency == asked.epoch.regency }) {
            rounds[place].signed.removeAll { accept in
                accept.digest == asked.digest
                    && invalid.contains(SignatureShare(replica: view[accept.voter].id, signature: accept.signature))
            }
        }
        return invalid.map(\.replica)
    }

    /// A new epoch: what its leader proposes is still to come.
    package mutating func beginEpoch() {
        proposed = nil
        pinned = []
        isProposalSound = false
        activeSince = nil
        askedForBodies = nil
    }
}
