// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Knowing where the others are, helping those who are stuck, and fetching what this replica lacks (protocol §6, §7).
extension ReplicaCore {
    /// So many decisions are sent at once at most.
    static var decisionsMax: Int { 128 }

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
        sendAgain(progress(asksForHelp: false, to: .replica(view[member].id)), into: &effects)
        if mode == .voter { help(member, stuckAt: received, into: &effects) }
    }

    private mutating func tell(_ member: ReplicaIndex, whatItLacks received: Progress, into effects: inout Effects) {
        if received.epoch == epoch, !received.isSynced, let sync { send(.sync(sync), to: member, into: &effects) }
        if received.stableCheckpoint < checkpoints.stableInstance, let own = checkpoints.own, mode == .voter {
            send(.checkpoint(own), to: member, into: &effects)
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
            if stuckAt.epoch == epoch { repeatVotes(at: instance, to: .replica(view[member].id), into: &effects) }
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
        guard catchUp.installing == nil, !isAwaitingOutcome, !isHeldByDisk else { return }
        if let wrongState {
            ask(beyond: .zero, .fetchCheckpoint(FetchCheckpoint(instance: wrongState.instance)), into: &effects)
            return
        }
        // As far as it may go without a newer stable checkpoint, which others have: the votes for it may be long gone.
        if decided >= memoryLimit {
            ask(beyond: decided, .fetchCheckpoint(FetchCheckpoint(instance: window.first)), into: &effects)
            return
        }
        let known = max(catchUp.known, checkpointAhead?.instance ?? .zero)
        guard known > decided || isBehind else { return }
        let distance = known.distance(beyond: decided)
        let isStuck = now.monotonic.since(lastAdvance) >= configuration.timeouts.resend * 2
        guard isBehind || isStuck || distance > view.settings.window else { return }
        guard ask(beyond: decided, .fetchDecisions(FetchDecisions(first: decided.next)), into: &effects) else { return }
        if distance > view.settings.window { effects.notices.append(.behind(decided, known: known)) }
        isBehind = false
    }

    /// Asks the next source that has decided more than `instance`, unless one is being waited for.
    @discardableResult
    private mutating func ask(beyond instance: Instance, _ message: PeerMessage, into effects: inout Effects) -> Bool {
        let patience = configuration.timeouts.fetch
        guard let source = catchUp.source(beyond: instance, at: now.monotonic, patience: patience) else { return false }
        send(message, to: source, into: &effects)
        return true
    }

    mutating func onDecisions(_ decisions: [ProvenDecision], from member: ReplicaIndex, into effects: inout Effects) {
        catchUp.answered(by: member)
        guard catchUp.installing == nil, successor == nil else { return }
        var hasMoved = false
        for decision in decisions {
            let instance = decision.batch.batch.instance
            guard instance == decided.next, instance <= memoryLimit else { continue }
            window.extend(to: instance)
            window[instance].decided = decision.batch.digest
            window[instance].certificate = decision.certificate
            window[instance].add(KnownBatch(decision.batch))
            hasMoved = decideNext(into: &effects) || hasMoved
        }
        if hasMoved {
            if catchUp.known > decided { isBehind = true } else { effects.notices.append(.caughtUp(decided)) }
        }
    }

    mutating func onFetchDecisions(_ fetch: FetchDecisions, from member: ReplicaIndex, into effects: inout Effects) {
        guard member != me, serving.allows(member, at: now.monotonic) else { return }
        if fetch.first < window.first {
            return serveCheckpoint(to: member, into: &effects)
        }
        decisionsAwaited[member] = fetch.first
        serveDecisions(to: member, into: &effects)
    }

    mutating func serveAwaitedDecisions(into effects: inout Effects) {
        for position in decisionsAwaited.indices where decisionsAwaited[ReplicaIndex(position)] != nil {
            serveDecisions(to: ReplicaIndex(position), into: &effects)
        }
    }

    /// **Safety**: no replica hands out a certificate that it has not checked. Those not checked yet are given to
    /// Admission first, and what is proven is sent when all are back.
    private mutating func serveDecisions(to member: ReplicaIndex, into effects: inout Effects) {
        guard let first = decisionsAwaited[member], first >= window.first else {
            decisionsAwaited[member] = nil
            return
        }
        // Of one view at a time: whoever asks may not know the next one yet.
        let owner = views.view(of: first).number
        var provable: [(KnownBatch, DecisionCertificate)] = []
        var bytes = 0
        var isWaiting = false
        var instance = first
        while instance <= decided, window.contains(instance), instance < first + Self.decisionsMax,
            bytes < configuration.decisionsBytesMax, views.view(of: instance).number == owner
        {
            defer { instance = instance.next }
            guard let digest = window[instance].decided, let known = window[instance].completeBatch(digest) else {
                break
            }
            bytes += known.bodies.reduce(256) { $0 + ($1?.payload.count ?? 0) + 160 }
            if let certificate = window[instance].certificate {
                provable.append((known, certificate))
                continue
            }
            guard requestCheck(of: instance, into: &effects) else { break }
            isWaiting = true
        }
        if isWaiting { return }
        decisionsAwaited[member] = nil
        let found = provable.compactMap { known, certificate in
            known.body.map { Decision(body: $0, certificate: certificate) }
        }
        guard !found.isEmpty else { return }
        serving.note(bytes, to: member, at: now.monotonic)
        send(.decisions(Decisions(decisions: found)), to: member, into: &effects)
    }
}

extension Instant {
    func hasPassed(_ patience: Interval, since last: Instant?) -> Bool {
        last.map { since($0) >= patience } ?? true
    }
}
