// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Writing down what this replica's later behaviour depends on, and going on from it after a restart (protocol §7).
extension ReplicaCore {
    // MARK: Writing

    /// Before the first vote that names it.
    mutating func logBatch(_ digest: Digest, at instance: Instance, into effects: inout Effects) {
        guard journal.isOn, !window[instance].logged.contains(digest),
            let body = window[instance].completeBatch(digest)?.body
        else { return }
        window[instance].logged.append(digest)
        journal.write(.batch(digest, body), into: &effects)
    }

    /// **Safety**: before anybody is told what came of it, this replica's own ACCEPT or the decision is durable, with the batch.
    /// Where it has accepted, nobody waits for the record of the decision, which tells a restarted replica how far it had come.
    mutating func logDecision(_ digest: Digest, at instance: Instance, into effects: inout Effects) {
        guard journal.isOn else { return }
        if !window[instance].isDecisionLogged {
            window[instance].isDecisionLogged = true
            logBatch(digest, at: instance, into: &effects)
            let owner = views.view(of: instance)
            let proof = window[instance].certificate ?? window[instance].uncheckedCertificate(owner)
            let bare = DecisionCertificate(
                epoch: Epoch(view: owner.number, regency: regency), instance: instance, digest: digest, shares: [])
            journal.write(.decided(proof ?? bare), into: &effects)
            window[instance].decidedAt = journal.position
        }
        let isAccepted = window[instance].accepted?.digest == digest
        journal.await(isAccepted ? window[instance].acceptedAt : window[instance].decidedAt, into: &effects)
    }

    /// While the log cannot be written nothing new is voted for or decided: what could not be written would only pile up. That is
    /// nobody else's fault.
    mutating func onLog(isBroken: Bool, into effects: inout Effects) {
        guard isBroken != isLogBroken else { return }
        isLogBroken = isBroken
        effects.notices.append(isBroken ? .logBroken : .logMended)
        if !isBroken { restartTimers() }
    }

    // MARK: Restoring

    /// Whether it has not got yet as far as an earlier run.
    package var isRestoring: Bool { restoration != nil || openVotesAfter != nil }

    /// From a state and what was written down since. Until it has got to the view that it was in, it neither votes nor promises.
    mutating func begin(_ restoration: Restoration, into effects: inout Effects) {
        self.restoration = restoration
        remembered = restoration.lastAnswered
        for certificate in restoration.chain where views.add(certificate) { effects.views.append(certificate) }
        if let base = restoration.base {
            restoreState(base.image, base.certificate)
            noteServed(into: &effects)
            let genesis = view.number
            takeOverView(base.image.view, after: base.certificate, into: &effects)
            takeOver(base.image.adaptation, of: base.image.view, into: &effects)
            if view.number == genesis { restoreView(into: &effects) }
        } else {
            restoreView(into: &effects)
        }
        if let ahead = restoration.stable.last, ahead.instance > checkpoints.stableInstance { checkpointAhead = ahead }
    }

    private mutating func restoreState(_ image: CheckpointImage, _ certificate: CheckpointCertificate) {
        sessions = SessionTable(image: image, settings: view.settings)
        decided = image.instance
        executed = image.instance
        snapshotKept = image.instance
        lastTime = image.time
        tentative = TentativeChain(settings: view.settings, sessions: sessions, lastTime: lastTime)
        checkpoints.makeStable(certificate)
        // Unless an earlier run of another incarnation spoke there, of which nothing is known.
        if let view = views.view(certificate.view), isThisRun(in: view) {
            checkpoints.noteOwn(
                CheckpointVote(view: certificate.view, instance: certificate.instance, digest: certificate.digest))
        }
        window.drop(through: image.instance)
    }

    /// What earlier runs did in the view that begins. **Safety** (no PROPOSE or SYNC in an epoch entered before): what they said
    /// when they led it is not known, so that this run never does.
    mutating func restoreView(into effects: inout Effects) {
        guard let told = restoration else { return }
        let facts = told.facts(of: view.number)
        for fact in facts where fact.instance > max(views.base, decided) { restore(fact) }
        if let epoch = told.epoch, epoch.view == view.number { restoreRegency(epoch.regency, told.sync) }
        if let epoch = told.epoch, epoch.view < view.number {
            journal.write(.entered(self.epoch), into: &effects)
        } else {
            isEpochOld = true
            proposer.begin(at: nil)
        }
        if let last = facts.last(where: { $0.accepted != nil || $0.decision != nil }), last.instance > decided {
            effects.executions.append(.holdReads(upTo: last.instance))
        }
        guard told.ends(with: view.number) else { return }
        restoration = nil
        openVotesAfter = facts.last { $0.decision != nil }?.instance ?? decided
        if isEpochOld, leader == me, mode == .voter { abdicate(into: &effects) }
    }

    /// What earlier runs voted for and nobody knows the end of is said again, as soon as all that they had decided is decided again;
    /// and it is to be decided in time, like a request.
    mutating func repeatOpenVotes(into effects: inout Effects) {
        guard let last = openVotesAfter, decided >= last else { return }
        openVotesAfter = nil
        makeStopData(into: &effects)
        var instance = decided.next
        while instance < window.end {
            if window[instance].wrote != nil || window[instance].accepted != nil {
                window[instance].activeSince = now.monotonic
                repeatVotes(at: instance, to: .everyone, into: &effects)
            }
            instance = instance.next
        }
    }

    private mutating func restoreRegency(_ entered: Regency, _ sync: Sync?) {
        regency = entered
        isSynced = entered == .first
        if let sync, sync.epoch == epoch,
            let settled = Settlement.settle(sync.collected, view: view, viewEnd: views.base)
        {
            take(sync, settled)
        }
        if !isSynced { syncDeadline = now.monotonic + timeout.current * 2 }
        watch.restart()
        beginWatchingVotes()
    }

    private mutating func restore(_ fact: Restoration.InstanceFacts) {
        let instance = fact.instance
        window.extend(to: instance)
        window[instance].wrote = fact.wrote
        window[instance].writeSet = fact.writeSet
        window[instance].accepted = fact.accepted
        window[instance].lock = fact.accepted
        window[instance].decided = fact.decision?.digest
        // Of more than an instance keeps, those stay that the above names.
        for batch in fact.batches { window[instance].add(batch) }
        window[instance].logged = fact.batches.map(\.digest)
        guard let decision = fact.decision else { return }
        window[instance].isDecisionLogged = true
        guard let round = window[instance].round(decision.epoch.regency) else { return }
        for share in decision.shares {
            guard let member = view.index(of: share.replica) else { continue }
            let addition = window[instance].rounds[round].accepts
                .add(member, for: decision.digest, weight: view.weight(of: member))
            guard addition == .counted else { continue }
            window[instance].rounds[round].signed
                .append(VoteRound.SignedAccept(voter: member, digest: decision.digest, signature: share.signature))
        }
    }
}
