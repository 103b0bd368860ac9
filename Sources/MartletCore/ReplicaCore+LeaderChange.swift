// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Leader change (protocol §6): STOP, STOPDATA, SYNC.
extension ReplicaCore {
    // MARK: Step 1: STOP

    /// The present regency is over for this replica; it goes on voting in it until the next is installed. When a proposal
    /// lacks requests, that is the reason, whichever timer ran out first: the others must know it (protocol §4).
    mutating func endRegency(_ reason: StopReason, into effects: inout Effects) {
        guard stopSent <= regency, successor == nil else { return }
        sendStop(regency.next, lacksRequests ? .requestMissing : reason, into: &effects)
    }

    /// The leader itself was found out, so that no request that is missing is to blame.
    mutating func endRegencyOfLiar(_ reason: StopReason, into effects: inout Effects) {
        guard stopSent <= regency, successor == nil else { return }
        sendStop(regency.next, reason, into: &effects)
    }

    private mutating func sendStop(_ target: Regency, _ reason: StopReason, into effects: inout Effects) {
        guard mode == .voter || reason == .abdication, target > stopSent else { return }
        stopSent = target
        stopSentReason = reason
        effects.notices.append(.stopSent(target, reason))
        effects.sends.append(
            Send(.stop(Stop(view: view.number, regency: target, reason: reason)), to: .everyone))
    }

    /// It leads this regency, but lost what it would have to know. Alone in its group it would only follow itself, regency
    /// after regency; unless the next is one that it may lead.
    mutating func abdicate(into effects: inout Effects) {
        guard view.n > 1 || isEpochOld else { return }
        sendStop(regency.next, .abdication, into: &effects)
    }

    mutating func onStop(_ stop: Stop, from member: ReplicaIndex, into effects: inout Effects) {
        guard stop.view == view.number, stops.add(stop, from: member) else { return }
        let joinable = stops.joinable(view)
        if joinable > regency, joinable > stopSent {
            sendStop(joinable, lacksRequests ? .requestMissing : .joined, into: &effects)
        }
        let installable = stops.installable(view)
        if installable > regency, isEntryDurable { enter(installable, into: &effects) }
    }

    // MARK: Step 2: a new regency, and STOPDATA

    /// **Safety** (promise): from here on no vote of an older regency is sent, and none of this one before its SYNC is
    /// verified, whether the regency was entered by STOPs, by catching up or by a SYNC.
    mutating func enter(_ target: Regency, into effects: inout Effects) {
        precondition(target > regency, "a regency is entered once")
        let reasons = stops.reasons(for: target)
        regency = target
        if restoration == nil { journal.write(.entered(epoch), into: &effects) }
        isEpochOld = false
        isSynced = false
        isSyncMade = false
        settlement = nil
        sync = nil
        stopData = nil
        collection = Collection(n: view.n)
        proposer.begin(at: nil)
        window.beginEpoch()
        forgetWantedRequests()
        watch.restart()
        orderTimes = OrderTimes()
        beginWatchingVotes()
        probesToOrder = ReplicaTable(repeating: nil, count: view.n)
        pool.takeBack()
        pool.restartTimers(at: now.monotonic)
        timeout.backOff()
        syncDeadline = now.monotonic + timeout.current * 2
        effects.notices.append(.regencyInstalled(epoch, leader: view[leader].id, reasons: reasons))
        if reasons.contains(.requestMissing) {
            effects.notices.append(.strictModeBegun(until: strict.begin(at: now.monotonic)))
            for id in pool.unsigned {
                pool.noteAsked(id)
                refuse(id, .signatureRequired, into: &effects)
            }
        }
        if leader == me, mode == .learner { abdicate(into: &effects) }
        takeEarlyStopData(into: &effects)
        makeStopData(into: &effects)
    }

    /// A replica in an older epoch than f+1 others catches up to theirs.
    mutating func noteRegency(_ epoch: Epoch, of member: ReplicaIndex) {
        guard epoch.view == view.number else { return }
        catchUp.note(epoch.regency, of: member)
    }

    mutating func enterWithOthers(into effects: inout Effects) {
        let entered = catchUp.enteredByOthers
        if entered > regency, isEntryDurable { enter(entered, into: &effects) }
    }

    /// Makes and sends this replica's STOPDATA, once it knows which base it can prove. After a restart not before it has got as far
    /// as it had been: from a base that lies further back it would tell of more than anybody believes.
    mutating func makeStopData(into effects: inout Effects) {
        guard mode == .voter, !isSynced, stopData == nil, !isRestoring else { return }
        var base: DecisionCertificate?
        var candidate = decided
        while candidate > max(checkpoints.stableInstance, views.base), candidate >= window.first {
            if let certificate = window[candidate].certificate {
                base = certificate
                break
            }
            if requestCheck(of: candidate, into: &effects) { return }
            candidate = candidate.previous
        }
        let made = StopData(
            epoch: epoch, sender: own.id, base: base, checkpoint: checkpoints.stable, claims: claims(above: base))
        stopData = made
        stopDataAt = journal.position
        effects.sends.append(stopDataSend(made))
    }

    func repeatStopData(into effects: inout Effects) {
        if let stopData, !isSynced { sendAgain(stopDataSend(stopData), into: &effects) }
    }

    /// **Safety**: all that it tells of, and the promise that it is, rest on the records before it was made.
    private func stopDataSend(_ made: StopData) -> Send {
        Send(.stopData(made), to: .replica(view[leader].id), after: stopDataAt)
    }

    /// **Safety**: every instance above base − W in which a vote was ever sent, also when the base cannot be proved.
    private func claims(above base: DecisionCertificate?) -> [InstanceClaim] {
        let proven = max(base?.instance ?? .zero, checkpoints.stableInstance)
        var result: [InstanceClaim] = []
        var instance = max(window.first, (proven - view.settings.window).next, views.base.next)
        while instance < window.end {
            if window[instance].lock != nil || !window[instance].writeSet.isEmpty {
                result.append(
                    InstanceClaim(
                        instance: instance, lock: window[instance].lock, writeSet: window[instance].writeSet))
            }
            instance = instance.next
        }
        return result
    }

    /// Whether the ACCEPTs of that instance may prove its decision and are being checked now.
    mutating func requestCheck(of instance: Instance, into effects: inout Effects) -> Bool {
        if window[instance].checking != nil { return true }
        guard let unchecked = window[instance].uncheckedCertificate(views.view(of: instance)) else { return false }
        window[instance].checking = unchecked
        effects.checks.append(unchecked)
        return true
    }

    mutating func onCertificateChecked(_ checked: DecisionCertificate, into effects: inout Effects) {
        let instance = checked.instance
        defer { noteChecked(instance, into: &effects) }
        let view = views.view(of: instance)
        let signers = ReplicaSet(checked.shares.compactMap { view.index(of: $0.replica) })
        for liar in archived.endCheck(checked, isQuorum: view.isQuorum(signers)) {
            effects.notices.append(.misbehaviour(liar, .invalidSignature))
        }
        guard window.contains(instance) else {
            makeStopData(into: &effects)
            return
        }
        for liar in window[instance].endCheck(checked, view: view) {
            effects.notices.append(.misbehaviour(liar, .invalidSignature))
        }
        if view.isQuorum(signers), window[instance].decided == checked.digest { window[instance].certificate = checked }
        makeStopData(into: &effects)
    }

    // MARK: Step 3: the new leader collects

    mutating func onStopData(_ received: StopData, from member: ReplicaIndex, into effects: inout Effects) {
        noteRegency(received.epoch, of: member)
        guard received.epoch.view == view.number else { return }
        if received.epoch > epoch {
            if (earlyStopData[member]?.epoch ?? epoch) < received.epoch { earlyStopData[member] = received }
            return
        }
        guard received.epoch == epoch, isLeader else { return }
        if let sync, isSynced {
            send(.sync(sync), to: member, into: &effects)
            return
        }
        takeBase(of: received, from: member, into: &effects)
        collection.add(received, from: member)
        makeSyncIfPossible(into: &effects)
    }

    /// A base comes with its certificate, so one member's word suffices. What its locks hold may be complete only for
    /// whoever has got as far.
    private mutating func takeBase(of received: StopData, from member: ReplicaIndex, into effects: inout Effects) {
        if let checkpoint = received.checkpoint { onStable(checkpoint, into: &effects) }
        let proven = max(received.base?.instance ?? .zero, received.checkpoint?.instance ?? .zero)
        catchUp.note(decided: proven, of: member)
        if proven > decided { isBehind = true }
    }

    private mutating func takeEarlyStopData(into effects: inout Effects) {
        guard isLeader else { return }
        for position in earlyStopData.indices {
            let member = ReplicaIndex(position)
            guard let early = earlyStopData[member], early.epoch == epoch else { continue }
            takeBase(of: early, from: member, into: &effects)
            collection.add(early, from: member)
        }
    }

    mutating func makeSyncIfPossible(into effects: inout Effects) {
        guard isLeading, !isSynced, !isSyncMade, regency > .first else { return }
        // No closure may capture this value; what is held is found out first.
        var held: [FetchBatch] = []
        for claimed in collection.locks {
            if window.contains(claimed.instance) {
                // Requests that it lacks may have become void since.
                resolve(claimed.instance, claimed.digest)
                // With stand-ins too: they stand for requests that everyone will find void by itself, and nobody may have
                // their bodies to hand on.
                if window[claimed.instance].completeBatch(claimed.digest) != nil {
                    window[claimed.instance].pin(claimed.digest)
                    held.append(claimed)
                }
            } else if claimed.instance < window.first {
                held.append(claimed)
            }
        }
        let lacking = collection.take(at: now.monotonic, patience: configuration.timeouts.resend) {
            held.contains(FetchBatch(instance: $0, digest: $1))
        }
        for (member, fetch) in lacking {
            send(.fetchBatch(fetch), to: member, into: &effects)
        }
        let collected = collection.collected
        guard Settlement.settle(collected, view: view, viewEnd: views.base) != nil else { return }
        isSyncMade = true
        effects.sends.append(
            Send(.sync(Sync(epoch: epoch, collected: collected)), to: .everyone, after: journal.entered))
    }

    /// Whether a lock in STOPDATA that waits to be taken in needs this batch.
    func collectionWants(_ instance: Instance, _ digest: Digest) -> Bool {
        guard isLeader, !isSynced else { return false }
        return collection.locks.contains(FetchBatch(instance: instance, digest: digest))
    }

    // MARK: Step 4: SYNC

    /// **Safety** (once): one SYNC an epoch. A SYNC for a higher regency proves that a quorum has entered it.
    mutating func onSync(_ received: Sync, into effects: inout Effects) {
        guard received.epoch.view == view.number, received.epoch.regency > .first, received.epoch >= epoch else {
            return
        }
        noteOwnWord(in: received, into: &effects)
        if received.epoch == epoch ? isSynced : !isEntryDurable { return }
        guard let settled = Settlement.settle(received.collected, view: view, viewEnd: views.base) else { return }
        if received.epoch > epoch { enter(received.epoch.regency, into: &effects) }
        if restoration == nil { journal.write(.synced(received), into: &effects) }
        take(received, settled)
        syncDeadline = nil
        pool.restartTimers(at: now.monotonic)
        effects.notices.append(
            .synced(epoch, settled: settled.outcomes.count, proposingFrom: settled.ceiling.next))
        if settled.provenBase > decided { isBehind = true }
        awaitBound(settled)
        guard isLeading else { return }
        proposer.begin(at: settled.floor.next)
        for (offset, outcome) in settled.outcomes.enumerated() {
            let instance = settled.floor + (offset + 1)
            guard case .bound(let digest) = outcome, window.contains(instance),
                let known = window[instance].batch(digest)
            else { continue }
            for entry in known.batch.entries { pool.markProposed(entry.id, in: instance) }
        }
    }

    /// Where something may have been decided, it is to be decided in time, even if no request waits for that here: whoever has
    /// restarted has no requests.
    private mutating func awaitBound(_ settled: Settlement) {
        for (offset, outcome) in settled.outcomes.enumerated() {
            let instance = settled.floor + (offset + 1)
            guard case .bound = outcome, instance > decided, isWithinReach(instance) else { continue }
            window.extend(to: instance)
            noteActivity(instance)
        }
    }

    mutating func take(_ sync: Sync, _ settled: Settlement) {
        isSynced = true
        regencySince = now.monotonic
        self.sync = sync
        settlement = settled
        settledCursor = .zero
    }
}
