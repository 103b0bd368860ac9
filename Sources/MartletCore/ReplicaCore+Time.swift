// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Everything that happens because time passes. Safety never rests on it.
extension ReplicaCore {
    /// When to come back with `Event.deadline` if nothing happens before.
    package var nextDeadline: Instant? {
        var earliest = lastTick + (isBusy ? configuration.timeouts.resend : configuration.timeouts.progress)
        func consider(_ instant: Instant?) { if let instant { earliest = min(earliest, instant) } }
        consider(missingDeadline)
        consider(strict.until)
        consider(proposalDeadline)
        consider(rejoinDeadline)
        consider(checkpointServing.deadline)
        consider(leaseDeadline)
        consider(decisionsDeadline)
        consider(peersDeadline)
        if mode == .voter {
            if !isHeldByDisk { consider(syncDeadline) }
            consider(diskDeadline)
            consider(instanceDeadline)
            consider(measuringDeadline)
            consider(reportDeadline)
            if isProbing, view.n > 1 { consider(lastProbe + configuration.timeouts.probe) }
            if pool.hasSignedLate { consider(now.monotonic) }
            if !isFarBehind, !isAwaitingOutcome, !isHeldByDisk { consider(pool.nextExpiry(timeout: timeout.current)) }
        }
        return earliest
    }

    mutating func onTime(into effects: inout Effects) {
        enterWithOthers(into: &effects)
        if strict.end(at: now.monotonic) { effects.notices.append(.strictModeEnded) }
        if let deadline = missingDeadline, deadline <= now.monotonic { askForMissingRequests(into: &effects) }
        if mode == .voter { watchLeader(into: &effects) }
        probeIfDue(into: &effects)
        measureIfIdle(into: &effects)
        reportIfDue(into: &effects)
        rejoinIfDue(into: &effects)
        endLeases(into: &effects)
        serveAwaitedDecisions(into: &effects)
        goOnFetchingState(into: &effects)
        fetchIfBehind(into: &effects)
        forgetFormer(into: &effects)
        leaveIfDue(into: &effects)
        let rhythm = isBusy ? configuration.timeouts.resend : configuration.timeouts.progress
        if lastTick + rhythm <= now.monotonic { tick(into: &effects) }
    }

    // MARK: The leader's time

    private mutating func watchLeader(into effects: inout Effects) {
        abdicateIfHeldByDisk(into: &effects)
        guard !isHeldByDisk else { return }
        if let deadline = syncDeadline, deadline <= now.monotonic {
            syncDeadline = now.monotonic + timeout.current * 2
            endRegency(.syncTimeout, into: &effects)
        }
        if let deadline = instanceDeadline, deadline <= now.monotonic {
            endRegency(.instanceTimeout, into: &effects)
        }
        guard !isFarBehind, !isAwaitingOutcome, let due = pool.nextExpiry(timeout: timeout.current),
            due <= now.monotonic
        else {
            return
        }
        let expiry = pool.expire(
            at: now.monotonic, timeout: timeout.current, forwardBytesMax: Self.forwardBytesMax, sessions: sessions)
        for id in expiry.unsigned { refuse(id, .signatureRequired, into: &effects) }
        // Also after its own STOP: what the others lack is why they do not ask for another leader.
        if !expiry.forwards.isEmpty { effects.sends.append(Send(.forwarded(expiry.forwards), to: .others)) }
        // While waiting for SYNC its own timer decides.
        if expiry.isRegencyOver, isSynced { endRegency(.requestTimeout, into: &effects) }
    }

    /// Whether what stays undecided here is the leader's fault.
    var isJudgingLeader: Bool {
        stopSent <= regency && successor == nil && !isFarBehind && !isAwaitingOutcome && !isHeldByDisk
    }

    /// A replica that is behind by more than the window, by the word of f+1 others, has itself to blame: what it waits for was
    /// decided by a correct one of them, and it fetches that. The others do without its word, or it joins them.
    var isFarBehind: Bool { catchUp.known.distance(beyond: decided) > view.settings.window }

    /// When the oldest instance that shows signs of life must be decided.
    private var instanceDeadline: Instant? {
        guard isSynced, isJudgingLeader else { return nil }
        var oldest: Instant?
        var instance = decided.next
        while instance < window.end, instance <= voteLimit {
            if let since = window[instance].activeSince { oldest = min(oldest ?? .distantFuture, since) }
            instance = instance.next
        }
        return oldest.map { max($0, lastAdvance) + timeout.current * 2 }
    }

    /// Whether a proposal waits for a request's body or for the proof that it is authentic.
    var lacksRequests: Bool {
        var instance = decided.next
        while instance < window.end, instance <= voteLimit {
            if let digest = window[instance].proposed?.digest, let known = window[instance].batch(digest),
                known.unproven > 0
            {
                return true
            }
            instance = instance.next
        }
        return false
    }

    // MARK: Sending again

    /// Whether something waits for others, so that it must be sent again soon.
    var isBusy: Bool {
        !isSynced || successor != nil || window.end > decided.next || catchUp.known > decided || stopSent > regency
            || (checkpoints.own?.instance ?? .zero) > checkpoints.stableInstance
    }

    private mutating func tick(into effects: inout Effects) {
        lastTick = now.monotonic
        repeatStops(into: &effects)
        // Nothing that waits for a log that cannot be written is said again: it would only pile up.
        guard !isLogBroken else { return }
        repeatStopData(into: &effects)
        makeSyncIfPossible(into: &effects)
        repeatRunning(into: &effects)
        repeatInstall(into: &effects)
        if let own = checkpoints.own, own.instance > checkpoints.stableInstance, mode == .voter {
            effects.sends.append(Send(.checkpoint(own), to: .others))
        }
        let isStuck = now.monotonic.since(lastAdvance) >= configuration.timeouts.resend && isBusy
        if isStuck || lastProgressSent + configuration.timeouts.progress <= now.monotonic {
            lastProgressSent = now.monotonic
            // What its disk does not do nobody else can do for it.
            sendAgain(progress(asksForHelp: isStuck && !isDiskBehind, to: .others), into: &effects)
        }
    }

    /// To each member that was not seen in the regency asked for, also after installing it.
    private mutating func repeatStops(into effects: inout Effects) {
        guard stopSent > .none else { return }
        let stop = Stop(view: view.number, regency: stopSent, reason: stopSentReason)
        for position in 0..<view.n {
            let member = ReplicaIndex(position)
            if member != me, catchUp.regency(of: member) < stopSent { send(.stop(stop), to: member, into: &effects) }
        }
    }

    private mutating func repeatRunning(into effects: inout Effects) {
        var instance = decided.next
        while instance < window.end, instance <= keepLimit {
            let lastSign = max(window[instance].activeSince ?? now.monotonic, window[instance].lastResent)
            if now.monotonic.since(lastSign) >= configuration.timeouts.resend {
                window[instance].lastResent = now.monotonic
                repeatVotes(at: instance, to: .others, into: &effects)
            }
            instance = instance.next
        }
    }
}
