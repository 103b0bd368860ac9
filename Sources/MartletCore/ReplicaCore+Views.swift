// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// From one view to the next, at an instance's end (protocol §3).
extension ReplicaCore {
    // MARK: The last instance of a view

    /// Whether this replica's vote for the instance, in this epoch, is for a batch that may end the view, or what was calculated
    /// may end it there. **Safety** (barrier): beyond it nobody votes before it is executed.
    func isBarrier(_ instance: Instance) -> Bool {
        guard dueOutcome(at: instance) == .nothing else { return true }
        guard window.contains(instance) else { return false }
        let votes = [window[instance].wrote, window[instance].accepted]
        return votes.contains { vote in
            guard let vote, vote.regency == regency else { return false }
            return window[instance].batch(vote.digest)?.mayEndView ?? true
        }
    }

    /// What a decided operation makes of the group, and the view that follows if one does.
    func outcome(of operation: Reconfiguration, in batch: Batch) -> OperationOutcome {
        guard batch.entries.count == 1 else { return OperationOutcome("it was ordered together with other requests") }
        do throws(ViewError) {
            let next = try view.successor(operation)
            var table = sessions.served.table
            if case .access(let change) = operation.operation { table = try table.changed(by: change) }
            let served = ServedClients(table, administrators: next.administration.keys)
            return OperationOutcome(next: next, served: served == sessions.served ? nil : served)
        } catch {
            return OperationOutcome(error.description)
        }
    }

    /// The view ends with the instance that was just decided. Until the next one is certified this replica goes on in this
    /// one: it votes up to here, joins others' STOPs, and makes its STOPDATA; or else an instance that it decided alone
    /// could not be settled by the others.
    mutating func endView(with next: View, into effects: inout Effects) {
        precondition(tentative?.isEmpty ?? true, "something was executed beyond the end of a view")
        successor = next
        effects.executions.append(.endView)
        effects.notices.append(.viewEnded(view.number, last: decided))
        viewEndedAt = journal.position
        for send in installs(of: next) { effects.sends.append(send) }
        enterFollowingView(into: &effects)
    }

    func repeatInstall(into effects: inout Effects) {
        guard let successor else { return }
        for send in installs(of: successor) { sendAgain(send, into: &effects) }
    }

    /// Its word on the next view, and on the last instance of this one for those that have not decided it.
    private func installs(of next: View) -> [Send] {
        guard mode == .voter, restoration == nil else { return [] }
        let install = Install(view: view.number, last: decided, next: next)
        let word = Send(.install(install), to: .everyone, after: viewEndedAt)
        guard window.contains(decided), let digest = window[decided].decided else { return [word] }
        return [word, Send(.decided(Decided(view: view.number, instance: decided, digest: digest)), to: .others)]
    }

    mutating func onInstall(_ install: Install, from member: ReplicaIndex, into effects: inout Effects) {
        guard install.view == view.number else { return }
        // Whoever says so has executed everything up to there.
        catchUp.note(decided: install.last, of: member)
        guard let certificate = installs.add(install, from: member, view: view) else { return }
        takeCertified(certificate, into: &effects)
    }

    // MARK: The chain of views

    mutating func onViews(_ part: ViewChainPart, from member: ReplicaIndex, into effects: inout Effects) {
        // Whoever is ahead tells them again.
        guard !isHeldByDisk else { return }
        let newest = views.newest.number
        let id = peers[member].id
        for certificate in part.certificates { takeCertified(certificate, into: &effects) }
        guard views.newest.number > newest, part.certificates.last?.next.number == views.newest.number,
            part.certificates.count == ViewChainPart.certificatesMax,
            // It may stand elsewhere by now, or nowhere.
            let member = peers.index(of: id)
        else { return }
        viewsAsked[member] = nil
        askForViews(member, into: &effects)
    }

    /// **Safety**: proved by the view before it, which is known here. Its signers have executed that one's last instance.
    private mutating func takeCertified(_ certificate: ViewCertificate, into effects: inout Effects) {
        guard views.add(certificate) else { return }
        journal.write(.view(certificate), into: &effects)
        effects.views.append(certificate)
        for share in certificate.shares {
            if let signer = peers.index(of: share.replica) { catchUp.note(decided: certificate.last, of: signer) }
        }
        followPeers(into: &effects)
        noteVersion(into: &effects)
        noteLeaving(into: &effects)
        noteOwnWord(in: certificate.shares, on: certificate.last, of: certificate.view, into: &effects)
        if certificate.last > decided { isBehind = true }
        enterFollowingView(into: &effects)
    }

    mutating func onFetchViews(_ fetch: FetchViews, from member: ReplicaIndex, into effects: inout Effects) {
        let patience = configuration.timeouts.resend / 2
        guard now.monotonic.hasPassed(patience, since: viewsServed[member]) else { return }
        viewsServed[member] = now.monotonic
        sendViews(after: fetch.after, to: member, into: &effects)
    }

    /// A member speaks in another view: it, like any other, can prove the newer one; or it has slept.
    mutating func noteView(_ number: ViewNumber, of member: ReplicaIndex, into effects: inout Effects) {
        if number > views.newest.number {
            askForViews(member, into: &effects)
        } else if number < (isOut ? views.newest.number : view.number) {
            // What a member is told unasked must not use up what it may ask for.
            let patience = configuration.timeouts.resend / 2
            guard
                let after = viewsTold[member].due(
                    to: number, newest: views.newest.number, at: now.monotonic, pause: patience)
            else { return }
            sendViews(after: after, to: member, into: &effects)
        }
    }

    /// Someone who is in the group no longer, or not yet as far as is known here, learns it on its own connection; of all such one at a time.
    mutating func tellStranger(_ id: ReplicaID, of number: ViewNumber, into effects: inout Effects) {
        guard number < view.number, views.listing(of: id) != nil,
            now.monotonic.hasPassed(configuration.timeouts.resend / 2, since: strangerTold)
        else { return }
        strangerTold = now.monotonic
        let part = views.chain(after: number)
        if !part.certificates.isEmpty { effects.sends.append(Send(.views(part), to: .replica(id))) }
    }

    private mutating func askForViews(_ member: ReplicaIndex, into effects: inout Effects) {
        guard now.monotonic.hasPassed(configuration.timeouts.resend, since: viewsAsked[member]) else { return }
        viewsAsked[member] = now.monotonic
        send(.fetchViews(FetchViews(after: views.newest.number)), to: member, into: &effects)
    }

    private func sendViews(after number: ViewNumber, to member: ReplicaIndex, into effects: inout Effects) {
        let part = views.chain(after: number)
        if member != me, !part.certificates.isEmpty { send(.views(part), to: member, into: &effects) }
    }

    // MARK: A new view

    /// Of a state that was taken over. The view of its last instance is proved, or its certificate could not have been
    /// checked; the next instance's may not be yet, and then this replica stands where one does that has executed it. So does one that
    /// is in the group no longer: it enters no view that does not list it.
    mutating func takeOverView(_ next: View, after certificate: CheckpointCertificate, into effects: inout Effects) {
        let number = views.view(next.number) == nil || isOut ? certificate.view : next.number
        if number != view.number {
            views.enter(number)
            beginView(into: &effects)
        }
        sessions.begin(view, administeredBy: next.administration)
        successor = nil
        if next.number != number { endView(with: next, into: &effects) }
    }

    /// **Safety** (installing): nobody votes in a view or uses it before it is certified, nor before having executed the
    /// last instance of the one before.
    mutating func enterFollowingView(into effects: inout Effects) {
        guard let successor, !isOut, let certificate = views.following, certificate.last == decided,
            catchUp.installing == nil
        else { return }
        guard successor == certificate.next else {
            // From the same decisions a quorum found that another view follows.
            effects.notices.append(.misbehaviour(own.id, .conflictingView))
            stopVoting(into: &effects)
            return
        }
        views.enter(successor.number)
        beginView(into: &effects)
    }

    /// Everything that belongs to one view begins anew. **Safety**: what was voted for beyond the last instance of the view
    /// before is void; none of it can have been decided.
    mutating func beginView(into effects: inout Effects) {
        let before = view
        view = views.current
        successor = nil
        noteFormer(of: before)
        followPeers(into: &effects)
        followMembers(from: before)
        let served = sessions.served
        sessions.begin(view)
        if sessions.served != served { noteServed(into: &effects) }
        checkpoints.forget { view.index(of: $0) != nil || before.index(of: $0) != nil }
        admitOrNot(into: &effects)
        window.forget(after: views.base)
        tentative = TentativeChain(settings: view.settings, sessions: sessions, lastTime: lastTime)
        regency = .first
        isEpochOld = false
        isSynced = true
        regencySince = now.monotonic
        settlement = nil
        sync = nil
        stops = StopTally(n: view.n)
        stopSent = .none
        stopData = nil
        collection = Collection(n: view.n)
        isSyncMade = false
        earlyStopData = ReplicaTable(repeating: nil, count: view.n)
        syncDeadline = nil
        installs = InstallTally(n: view.n)
        catchUp.beginView()
        watch.begin(view)
        latencies.begin(view)
        lateness = LatenessMonitor(view: view, me: me, patience: configuration.timeouts.challenge)
        beginWatchingVotes()
        calculations.begin(view)
        orderTimes = OrderTimes()
        probesToOrder = ReplicaTable(repeating: nil, count: view.n)
        forgetWantedRequests()
        for request in pool.begin(view) where sessions.standing(of: request, decided: decided) == .new {
            refuse(request.id, .viewEnded, into: &effects)
        }
        pool.takeBack()
        pool.restartTimers(at: now.monotonic)
        lastAdvance = now.monotonic
        if restoration == nil { journal.write(.entered(epoch), into: &effects) }
        proposer.begin(at: isLeader ? decided.next : nil)
        effects.executions.append(.beginView(view))
        effects.notices.append(.viewBegun(view.number, leader: view[leader].id))
        restoreView(into: &effects)
        if leader == me { leadView(into: &effects) }
        takeEarlyMessages(into: &effects)
    }

    /// On the same links the view's proof comes before its proposals.
    private mutating func leadView(into effects: inout Effects) {
        switch mode {
        case .learner: abdicate(into: &effects)
        case .voter:
            let part = views.proof
            if view.n > 1, !part.certificates.isEmpty { effects.sends.append(Send(.views(part), to: .others)) }
        }
    }

    private mutating func takeEarlyMessages(into effects: inout Effects) {
        let kept = early.all
        early = EarlyMessages(view: view, peers: peers.count)
        for message in kept { onMessage(message, into: &effects) }
    }
}
