// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Knowing where the others are, helping those who are stuck, and fetching what this replica lacks (protocol §6, §7).
extension ReplicaCore {
    /// Where it says that it stands it stands for good: what it had voted for before leaves before that.
    func progress(asksForHelp: Bool, to destination: Destination) -> Send {
        let progress = Progress(
            epoch: epoch, isSynced: isSynced, mode: mode, decided: decided,
            stableCheckpoint: checkpoints.stableInstance, asksForHelp: asksForHelp)
        return Send(.progress(progress), to: destination, after: journal.entered)
    }

    mutating func onProgress(_ received: Progress, from member: ReplicaIndex, into effects: inout Effects) {
        guard member != me else { return }
        catchUp.note(decided: received.decided, of: member)
        noteRegency(received.epoch, of: member)
        // An answer is much larger than the question; a liar may ask as often as it likes. What a member is told unasked
        // must not use up what it may ask for: two replicas in step would leave each other without help for ever.
        let patience = configuration.timeouts.resend / 2
        if now.monotonic.hasPassed(patience, since: told[member]) {
            told[member] = now.monotonic
            tell(member, whatItLacks: received, into: &effects)
        }
        guard received.asksForHelp, now.monotonic.hasPassed(patience, since: helped[member]) else { return }
        helped[member] = now.monotonic
        sendAgain(progress(asksForHelp: false, to: .replica(peers[member].id)), into: &effects)
        if mode == .voter { help(member, stuckAt: received, into: &effects) }
    }

    private mutating func tell(_ member: ReplicaIndex, whatItLacks received: Progress, into effects: inout Effects) {
        if received.epoch == epoch, !received.isSynced, let sync { send(.sync(sync), to: member, into: &effects) }
        if received.stableCheckpoint < checkpoints.stableInstance, let own = checkpoints.own, mode == .voter {
            sendAgain(
                Send(.checkpoint(own), to: .replica(peers[member].id), after: checkpoints.ownAfter), into: &effects)
        }
    }

    /// Tells a stuck replica what was decided, and votes again for what was not.
    private func help(_ member: ReplicaIndex, stuckAt: Progress, into effects: inout Effects) {
        var instance = max(stuckAt.decided.next, window.first)
        let last = stuckAt.decided + view.settings.window
        while instance <= last, instance < window.end {
            if instance <= decided, let digest = window[instance].decided {
                let word = Decided(view: views.view(of: instance).number, instance: instance, digest: digest)
                send(.decided(word), to: member, into: &effects)
            }
            if stuckAt.epoch == epoch { repeatVotes(at: instance, to: .replica(peers[member].id), into: &effects) }
            instance = instance.next
        }
    }

    /// Sends this replica's proposal and votes of the present epoch again; none for what lies beyond the end of the view, though it
    /// may have sent some before it knew; and after a restart none before the open ones are said again, in order.
    func repeatVotes(at instance: Instance, to destination: Destination, into effects: inout Effects) {
        guard mode == .voter, isSynced, !isRestoring, instance > views.base,
            successor == nil || instance <= decided
        else { return }
        if isLeader, let digest = window[instance].proposed?.digest, let known = window[instance].batch(digest) {
            let proposal = Propose(epoch: epoch, batch: known.batch)
            sendAgain(Send(.propose(proposal), to: destination, after: journal.entered), into: &effects)
        }
        if let wrote = window[instance].wrote, wrote.regency == regency {
            let vote = WriteVote(epoch: epoch, instance: instance, digest: wrote.digest)
            sendAgain(Send(.write(vote), to: destination, after: window[instance].wroteAt), into: &effects)
        }
        if let accepted = window[instance].accepted, accepted.regency == regency {
            let vote = AcceptVote(epoch: epoch, instance: instance, digest: accepted.digest)
            sendAgain(Send(.accept(vote), to: destination, after: window[instance].acceptedAt), into: &effects)
        }
    }

    // MARK: Fetching

    /// Asks one source for decisions when this replica is behind: at once by more than the window, else when it does
    /// not come forward by votes.
    mutating func fetchIfBehind(into effects: inout Effects) {
        // What it waits for is its own calculation, or its own disk; what is decided it has, or could not take.
        guard catchUp.installing == nil, transfer == nil, !isAwaitingOutcome, !isHeldByDisk else {
            return catchUp.excuseKeepers()
        }
        let known = max(catchUp.known, checkpointAhead?.instance ?? .zero)
        // Not by the state alone: how far the others are it may not have heard yet.
        if let base = catchUp.base, known <= decided, decided > base.instance { catchUp.caughtUp() }
        catchUp.judgeKeepers(
            gap: known.distance(beyond: decided), at: now.monotonic, period: configuration.timeouts.lease)
        if beginFetchingState(into: &effects) { return goOnFetchingState(into: &effects) }
        if let wrongState {
            let question = PeerMessage.fetchCheckpoint(FetchCheckpoint(instance: wrongState.instance))
            ask(question, beyond: .zero, for: nil, into: &effects)
            return
        }
        // As far as it may go without a newer stable checkpoint, which others have: the votes for it may be long gone.
        if decided >= memoryLimit, !catchUp.hasKeeper(beyond: decided) {
            let question = PeerMessage.fetchCheckpoint(FetchCheckpoint(instance: window.first))
            ask(question, beyond: decided, for: nil, into: &effects)
            return
        }
        guard known > decided || isBehind else { return }
        let distance = known.distance(beyond: decided)
        let isStuck = now.monotonic.since(lastAdvance) >= configuration.timeouts.resend * 2
        guard isBehind || isStuck || distance > view.settings.window || decided >= memoryLimit else { return }
        let question = PeerMessage.fetchDecisions(FetchDecisions(first: decided.next))
        guard ask(question, beyond: decided, for: decided.next, into: &effects) else { return }
        if distance > view.settings.window { effects.notices.append(.behind(decided, known: known)) }
        isBehind = false
    }

    /// Asks the next source that has decided more than `instance`, unless one is being waited for.
    @discardableResult
    private mutating func ask(
        _ message: PeerMessage, beyond instance: Instance, for first: Instance?, into effects: inout Effects
    ) -> Bool {
        let patience = configuration.timeouts.fetch
        guard
            let source = catchUp.source(beyond: instance, for: first, at: now.monotonic, patience: patience)
        else { return false }
        send(message, to: source, into: &effects)
        return true
    }

    mutating func onDecisions(_ decisions: [ProvenDecision], from member: ReplicaIndex, into effects: inout Effects) {
        let isAsked = decisions.contains { catchUp.isAwaited(member, for: $0.batch.batch.instance) }
        let id = peers[member].id
        let hasMoved = take(decisions, into: &effects)
        // With them a view may have begun in which it stands elsewhere, or nowhere.
        guard let member = peers.index(of: id) else {
            if catchUp.known > decided { isBehind = true }
            return
        }
        catchUp.answered(
            by: member, from: decisions.first?.batch.batch.instance, usefully: isAsked || hasMoved, at: now.monotonic,
            patience: configuration.timeouts.fetch)
        guard hasMoved else { return }
        catchUp.noteDecisions(of: member)
        if catchUp.known > decided {
            isBehind = true
        } else {
            catchUp.caughtUp()
            effects.notices.append(.caughtUp(decided))
        }
    }

    /// Those that come next. Returns whether there were any.
    private mutating func take(_ decisions: [ProvenDecision], into effects: inout Effects) -> Bool {
        guard catchUp.installing == nil, successor == nil else { return false }
        var hasMoved = false
        for decision in decisions {
            let instance = decision.batch.batch.instance
            guard instance == decided.next, instance <= memoryLimit else { continue }
            window.extend(to: instance)
            if window[instance].accepted == nil {
                let certificate = decision.certificate
                noteOwnWord(in: certificate.shares, on: instance, of: certificate.epoch.view, into: &effects)
            }
            window[instance].decided = decision.batch.digest
            window[instance].certificate = decision.certificate
            window[instance].add(KnownBatch(decision.batch))
            hasMoved = decideNext(into: &effects) || hasMoved
        }
        return hasMoved
    }
}

extension Instant {
    func hasPassed(_ patience: Interval, since last: Instant?) -> Bool {
        last.map { since($0) >= patience } ?? true
    }
}
