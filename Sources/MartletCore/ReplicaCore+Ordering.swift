// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The normal case (protocol §5): proposals and votes.
extension ReplicaCore {
    // MARK: Step 1: a proposal

    mutating func onPropose(_ proposal: Proposal, from member: ReplicaIndex, into effects: inout Effects) {
        noteRegency(proposal.epoch, of: member)
        let instance = proposal.batch.instance
        guard member == leader, proposal.epoch == epoch, isSynced, instance > floor, isWithinReach(instance) else {
            return
        }
        window.extend(to: instance)
        if let proposed = window[instance].proposed {
            if proposed.digest != proposal.digest {
                effects.notices.append(.proposalRefused(instance, leader: view[member].id, .equivocation))
                endRegencyOfLiar(.equivocation, into: &effects)
            }
            return
        }
        window[instance].proposed = RegencyDigest(regency: regency, digest: proposal.digest)
        lateness.noteProposal(proposal.digest, at: instance, now.monotonic)
        noteActivity(instance)
        compareWithOthers(instance, into: &effects)
        if let complaint = complaint(about: proposal) {
            effects.notices.append(.proposalRefused(instance, leader: view[member].id, complaint))
            if complaint.isProofOfLie { endRegencyOfLiar(.forbiddenProposal, into: &effects) }
            return
        }
        window[instance].isProposalSound = true
        answerHeldChallenge(of: member, into: &effects)
        if member == me { measureProposal(proposal, into: &effects) }
        window[instance].add(KnownBatch(batch: proposal.batch, digest: proposal.digest))
        resolve(instance, proposal.digest)
    }

    /// The checks that need no request. Those of authenticity are `KnownBatch.unproven`.
    private func complaint(about proposal: Proposal) -> ProposalComplaint? {
        let batch = proposal.batch
        if let outcome = settlement?.outcome(of: batch.instance) {
            return conforms(batch, digest: proposal.digest, to: outcome) ? nil : .outcomeDiffers
        }
        if batch.born != epoch { return .wrongBorn }
        if batch.entries.isEmpty { return .emptyBatch }
        if batch.entries.count > view.batchEntriesMax { return .tooLarge }
        let bound = UInt64(view.settings.clockBoundMilliseconds) * 1_000
        let wall = now.wall.rawValue
        let distance = batch.time.rawValue > wall ? batch.time.rawValue - wall : wall - batch.time.rawValue
        return distance > bound ? .timeOutOfBounds : nil
    }

    /// **Safety**: a settled instance gets votes only for SYNC's outcome.
    private func conforms(_ batch: Batch, digest: Digest, to outcome: Settlement.Outcome) -> Bool {
        switch outcome {
        case .bound(let bound): digest == bound
        case .empty: batch.entries.isEmpty && batch.time == .zero && batch.born == epoch
        }
    }

    // MARK: Steps 2 and 3: votes of others

    mutating func onWrite(_ vote: WriteVote, from member: ReplicaIndex, into effects: inout Effects) {
        noteVote(vote.epoch, vote.instance, of: member)
        if isTimed(vote.epoch, vote.instance) {
            lateness.noteWrite(vote.digest, of: member, at: vote.instance, now.monotonic)
        }
        guard vote.epoch.view == view.number, vote.epoch.regency >= regency, vote.epoch.regency <= regency.next,
            vote.instance > views.base, isWithinReach(vote.instance)
        else { return }
        window.extend(to: vote.instance)
        guard let round = window[vote.instance].round(vote.epoch.regency) else { return }
        let addition = window[vote.instance].rounds[round].writes
            .add(member, for: vote.digest, weight: view.weight(of: member))
        if addition == .equivocation {
            effects.notices.append(.misbehaviour(view[member].id, .equivocatingVote))
        }
        if vote.epoch == epoch, window[vote.instance].rounds[round].writes.weakDigest(of: view.quorum) != nil {
            noteActivity(vote.instance)
            compareWithOthers(vote.instance, into: &effects)
        }
    }

    /// f+1 WRITEs contain a correct member's, which found its batch proposed, or voted for by f+1 others of whom the same
    /// holds: to some correct member the leader proposed that batch. If it proposed another one here, it lies. Each
    /// instance alone would still be decided, but only after whoever was told otherwise has asked what the others did.
    private mutating func compareWithOthers(_ instance: Instance, into effects: inout Effects) {
        guard view.faultModel == .byzantine, let proposed = window[instance].proposed, proposed.regency == regency,
            let written = window[instance].weaklyVoted(in: regency, view.quorum), written != proposed.digest
        else { return }
        endRegencyOfLiar(.equivocation, into: &effects)
    }

    /// ACCEPTs of older regencies still count: older certificates still decide.
    mutating func onAccept(_ vote: AcceptVote, from member: ReplicaIndex, into effects: inout Effects) {
        noteVote(vote.epoch, vote.instance, of: member)
        if isTimed(vote.epoch, vote.instance) {
            lateness.noteAccept(vote.digest, of: member, at: vote.instance, now.monotonic)
        }
        guard vote.epoch.view == view.number, vote.epoch.regency > .none, vote.epoch.regency <= regency.next,
            vote.instance > views.base, isWithinReach(vote.instance)
        else { return }
        window.extend(to: vote.instance)
        guard let round = window[vote.instance].round(vote.epoch.regency) else { return }
        let addition = window[vote.instance].rounds[round].accepts
            .add(member, for: vote.digest, weight: view.weight(of: member))
        switch addition {
        case .counted:
            window[vote.instance].rounds[round].signed
                .append(VoteRound.SignedAccept(voter: member, digest: vote.digest, signature: vote.signature))
        case .equivocation: effects.notices.append(.misbehaviour(view[member].id, .equivocatingVote))
        case .repeated: break
        }
        // One liar's word is no sign of life: nobody need have proposed anything.
        if vote.epoch == epoch, window[vote.instance].rounds[round].accepts.weakDigest(of: view.quorum) != nil {
            noteActivity(vote.instance)
        }
    }

    mutating func onDecided(_ word: Decided, from member: ReplicaIndex) {
        // Also when others' words have been enough by now.
        if catchUp.isAwaited(member, for: word.instance) {
            catchUp.answered(withAWord: member, at: now.monotonic)
        }
        guard word.view == view.number, successor == nil, isWithinReach(word.instance), word.instance > decided else {
            return
        }
        window.extend(to: word.instance)
        _ = window[word.instance].decidedWords.add(member, for: word.digest, weight: view.weight(of: member))
    }

    mutating func noteActivity(_ instance: Instance) {
        if window[instance].activeSince == nil { window[instance].activeSince = now.monotonic }
    }

    private mutating func noteVote(_ epoch: Epoch, _ instance: Instance, of member: ReplicaIndex) {
        noteRegency(epoch, of: member)
        // Whoever votes for i has decided everything up to i − W.
        if instance > keepLimit { catchUp.note(decided: instance - view.settings.window, of: member) }
    }

    // MARK: This replica's votes

    /// Sends every vote that the rules allow by now, and decides what can be decided.
    mutating func pump(into effects: inout Effects) {
        guard !isHeldByDisk else { return }
        resolveRunning()
        var hasMoved = true
        while hasMoved {
            hasMoved = false
            while decideNext(into: &effects) { hasMoved = true }
            repeatOpenVotes(into: &effects)
            guard mode == .voter, isSynced, !isRestoring else { continue }
            for span in spansToVoteFor where tryVotes(span, into: &effects) { hasMoved = true }
            executeTentatively(into: &effects)
        }
    }

    /// Instances that votes may be missing for, ascending. Votes are sent for decided ones too: others may need them, a settled one or
    /// one that a liar let only this replica decide. A settled one that was decided without this replica may never get its vote:
    /// what lies between it and a window below the present is not looked at again and again.
    var spansToVoteFor: [ClosedRange<Instance>] {
        mutating get {
            let last = min(voteLimit, window.end.previous)
            let least = max(window.first, views.base.next)
            var recent = max(decided.next - view.settings.window, least)
            var spans: [ClosedRange<Instance>] = []
            if let settlement {
                settledCursor = max(settledCursor, settlement.floor.next, window.first)
                while settledCursor <= settlement.ceiling, settledCursor < window.end,
                    window[settledCursor].accepted?.regency == regency
                {
                    settledCursor = settledCursor.next
                }
                let first = max(settledCursor, least)
                let end = min(settlement.ceiling, recent.previous, last)
                if first <= end { spans.append(first...end) }
                recent = max(recent, settlement.floor.next)
            }
            if recent <= last { spans.append(recent...last) }
            return spans
        }
    }

    private mutating func tryVotes(_ span: ClosedRange<Instance>, into effects: inout Effects) -> Bool {
        var hasMoved = false
        var instance = span.lowerBound
        while instance <= span.upperBound, !isDiskBehind {
            if window[instance].accepted?.regency != regency {
                if tryWrite(instance, into: &effects) { hasMoved = true }
                if tryAccept(instance, into: &effects) { hasMoved = true }
            }
            instance = instance.next
        }
        return hasMoved
    }

    /// Step 2. **Safety**: one WRITE an epoch and instance; in order; only what is proposed validly or what f+1 members
    /// found valid; only with all bodies.
    private mutating func tryWrite(_ instance: Instance, into effects: inout Effects) -> Bool {
        guard view.faultModel == .byzantine, window[instance].wrote?.regency != regency,
            hasPreceding(instance, .write),
            let digest = votable(instance, into: &effects)
        else { return false }
        let vote = RegencyDigest(regency: regency, digest: digest)
        guard window[instance].noteWrite(vote, writeSetMax: Self.writeSetMax) else { return false }
        logBatch(digest, at: instance, into: &effects)
        journal.write(.wrote(LoggedVote(epoch: epoch, instance: instance, digest: digest)), into: &effects)
        window[instance].wroteAt = journal.position
        hasVotedInThisRun = true
        effects.sends.append(
            Send(
                .write(WriteVote(epoch: epoch, instance: instance, digest: digest)), to: .everyone,
                after: journal.position))
        noteOwnVote(at: instance)
        measureVotes(at: instance, into: &effects)
        return true
    }

    /// Step 3: lock and ACCEPT in one act. In `crash` mode it follows the proposal at once.
    private mutating func tryAccept(_ instance: Instance, into effects: inout Effects) -> Bool {
        guard window[instance].accepted?.regency != regency, hasPreceding(instance, .accept) else { return false }
        let digest: Digest
        switch view.faultModel {
        case .byzantine:
            guard let written = window[instance].quorumWritten(in: regency, view.quorum) else {
                return false
            }
            guard let known = window[instance].completeBatch(written) else {
                want(instance, written, into: &effects)
                return false
            }
            guard isAllowed(known, at: instance) else { return false }
            digest = written
        case .crash:
            guard let valid = votable(instance, into: &effects) else { return false }
            digest = valid
        }
        let lock = RegencyDigest(regency: regency, digest: digest)
        window[instance].lock = lock
        window[instance].accepted = lock
        logBatch(digest, at: instance, into: &effects)
        journal.write(.accepted(LoggedVote(epoch: epoch, instance: instance, digest: digest)), into: &effects)
        window[instance].acceptedAt = journal.position
        hasVotedInThisRun = true
        compareWithTentative(instance, digest, into: &effects)
        effects.sends.append(
            Send(
                .accept(AcceptVote(epoch: epoch, instance: instance, digest: digest)), to: .everyone,
                after: journal.position))
        if view.faultModel == .crash {
            noteOwnVote(at: instance)
            measureVotes(at: instance, into: &effects)
        }
        return true
    }

    /// **Safety** (in-order votes): only after the same vote for i−1 in this epoch, or with i−1 decided.
    private func hasPreceding(_ instance: Instance, _ phase: VotePhase) -> Bool {
        let previous = instance.previous
        if previous <= decided { return true }
        guard window.contains(previous), !isBarrier(previous) else { return false }
        switch phase {
        case .write: return window[previous].wrote?.regency == regency
        case .accept: return window[previous].accepted?.regency == regency
        }
    }

    private enum VotePhase {
        case write
        case accept
    }

    /// The digest that may be voted for without a quorum's word: what f+1 members voted for in this epoch (they found it
    /// valid), else the leader's proposal once it is known to be valid.
    private mutating func votable(_ instance: Instance, into effects: inout Effects) -> Digest? {
        if let vouched = window[instance].weaklyVoted(in: regency, view.quorum) {
            guard let known = window[instance].completeBatch(vouched) else {
                want(instance, vouched, into: &effects)
                return nil
            }
            return isAllowed(known, at: instance) ? vouched : nil
        }
        guard window[instance].isProposalSound, let digest = window[instance].proposed?.digest,
            let known = window[instance].batch(digest)
        else { return nil }
        let isSettled = settlement?.outcome(of: instance) != nil
        guard known.isComplete else {
            if isSettled { want(instance, digest, into: &effects) }
            return nil
        }
        // A bound batch is not judged anew: f+1 write sets contain a correct replica that checked.
        guard isSettled || (known.unproven == 0 && isWithinBytes(known) && known.isAloneIfItMust),
            isAllowed(known, at: instance)
        else {
            return nil
        }
        return digest
    }

    /// One request larger than the bound still travels alone, but for members' probes.
    func isWithinBytes(_ known: KnownBatch) -> Bool {
        known.bytes <= view.settings.batchBytesMax
            || known.batch.entries.count { $0.id.session != .ofProbes } == 1
    }

    /// What holds for every vote, whoever else voted so.
    private func isAllowed(_ known: KnownBatch, at instance: Instance) -> Bool {
        if let decided = window[instance].decided, decided != known.digest { return false }
        if let outcome = settlement?.outcome(of: instance) {
            return conforms(known.batch, digest: known.digest, to: outcome)
        }
        return known.batch.born == epoch
    }

    /// The most digests in one write set; a replica that reached it withholds further WRITEs for that instance.
    static var writeSetMax: Int { 256 }
}
