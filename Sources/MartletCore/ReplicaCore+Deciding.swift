// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Step 4: deciding, and handing decisions to execution in order.
extension ReplicaCore {
    /// Decides the next instance if it can be; false when not.
    mutating func decideNext(into effects: inout Effects) -> Bool {
        let instance = decided.next
        guard catchUp.installing == nil, successor == nil, !isHeldByDisk, !lacksVersion, window.contains(instance)
        else { return false }
        if window[instance].decided == nil { window[instance].decided = window[instance].decidedByVotes(view.quorum) }
        guard let digest = window[instance].decided else { return false }
        if window[instance].completeBatch(digest) == nil { resolve(instance, digest) }
        guard let known = window[instance].completeBatch(digest) else {
            want(instance, digest, into: &effects)
            return false
        }
        guard dueOutcome(at: instance) != .pending else { return false }
        execute(known, into: &effects)
        return true
    }

    private mutating func execute(_ known: KnownBatch, into effects: inout Effects) {
        let instance = known.batch.instance
        logDecision(known.digest, at: instance, into: &effects)
        let isExecuted = settleTentative(instance, known.digest, into: &effects)
        lastTime = max(known.batch.time, Timestamp(lastTime.rawValue + 1))
        var steps: [ExecutionStep] = []
        steps.reserveCapacity(known.bodies.count)
        var queue = Queue()
        var next: View?
        var ended: [SessionID]?
        for (place, body) in known.bodies.enumerated() {
            guard let body else { preconditionFailure("a complete batch lacks a body") }
            if let arrived = pool.remove(body.id) { queue.note(body, since: arrived) }
            guard body.id.session != .ofReplicas else {
                if let view = executeOperation(body, in: known.batch) { next = view }
                continue
            }
            guard body.id.session.isExecuted(in: instance) else {
                noteOrderedProbe(body.id)
                continue
            }
            var verdict = sessions.order(body, at: instance, place: place)
            if case .reconfiguration(let operation) = body.kind, verdict == .execute {
                let outcome = outcome(of: operation, in: known.batch)
                verdict = .reconfigure(outcome.result)
                next = outcome.next
                ended = outcome.served.map { sessions.serve($0) }
            }
            steps.append(ExecutionStep(request: body, digest: known.batch.entries[place].digest, verdict: verdict))
        }
        if !isExecuted { tentative?.follow(known, at: lastTime) }
        effects.executions.append(
            .execute(
                Execution(epoch: epoch, instance: instance, digest: known.digest, time: lastTime, steps: steps)))
        if let ended { serveOthers(ending: ended, into: &effects) }
        if steps.contains(where: \.isFresh) { hasOrderedSinceProbe = true }
        if let next {
            // One that admits a member again leaves leader and weights as they are.
            if next.plan != view.plan { experience.noteOtherChange(at: instance) }
            experience.follow(next)
        } else {
            next = calculatedView(after: instance)
        }
        noteDecision(of: instance)
        calculateIfDue(known.batch, into: &effects)
        noteWait(of: queue, listed: known.bodies.count)
        if instance.rawValue % UInt64(view.settings.checkpointPeriod) == 0 {
            effects.executions.append(
                .snapshot(
                    instance: instance, time: lastTime, view: next ?? view, sessions: sessions,
                    adaptation: adaptationImage(next: next)))
        }
        if let next { endView(with: next, into: &effects) }
        if let ahead = checkpointAhead, ahead.instance <= decided {
            checkpointAhead = nil
            onStable(ahead, into: &effects)
        }
    }

    private mutating func noteDecision(of instance: Instance) {
        decided = instance
        lastAdvance = now.monotonic
        forgetWantedRequests()
        if let since = window[instance].activeSince {
            timeout.observe(now.monotonic.since(since))
            orderTimes.note(now.monotonic.since(since))
        }
        lateness.judge(decided: decided, at: now.monotonic)
        if window[instance].accepted?.regency == regency || window[instance].proposed?.regency == regency {
            timeout.recover()
        }
    }

    /// What of a batch had waited in this replica's own pool.
    private struct Queue {
        var requests = 0
        var bytes = 0
        var oldest: Instant?

        mutating func note(_ request: Request, since arrived: Instant) {
            requests += 1
            bytes += request.payload.count
            oldest = min(oldest ?? arrived, arrived)
        }
    }

    /// What waited for a new leader tells nothing of a queue. Nor does what nobody waited for: a lying leader has as many void
    /// requests as it likes, and would lengthen its own time. Yet some of them in each full batch must not hide the queue.
    private mutating func noteWait(of queue: Queue, listed: Int) {
        guard let oldest = queue.oldest, oldest >= regencySince else { return }
        let settings = view.settings
        let isFull =
            listed >= settings.batchRequestsMax && queue.requests * 2 >= settings.batchRequestsMax
            || queue.bytes >= settings.batchBytesMax / 2
        timeout.observe(wait: now.monotonic.since(oldest), isBatchFull: isFull)
    }

    /// Asks one of those who must have it for a batch; again with another after a while.
    mutating func want(_ instance: Instance, _ digest: Digest, into effects: inout Effects) {
        if let asked = window[instance].askedForBodies,
            now.monotonic.since(asked) < configuration.timeouts.resend
        {
            return
        }
        window[instance].askedForBodies = now.monotonic
        var holders = ReplicaSet()
        for round in window[instance].rounds {
            for voter in round.writes.voters(for: digest) { holders.insert(voter) }
            for voter in round.accepts.voters(for: digest) { holders.insert(voter) }
        }
        for voter in window[instance].decidedWords.voters(for: digest) { holders.insert(voter) }
        if window[instance].proposed?.digest == digest { holders.insert(leader) }
        holders.remove(me)
        guard !holders.isEmpty else { return }
        // f+1 at once: one of them is correct.
        let start = Int(now.monotonic.rawValue / configuration.timeouts.resend.nanoseconds % UInt64(view.n))
        let ordered = (0..<view.n).map { ReplicaIndex((start + $0) % view.n) }.filter { holders.contains($0) }
        for holder in ordered.prefix(view.quorum.weakCount) {
            send(.fetchBatch(FetchBatch(instance: instance, digest: digest)), to: holder, into: &effects)
        }
    }

    mutating func onFetchBatch(_ fetch: FetchBatch, from member: ReplicaIndex, into effects: inout Effects) {
        guard serving.allows(member, at: now.monotonic),
            let known = batch(fetch.digest, of: fetch.instance), let body = known.body
        else { return }
        serving.note(known.bytes + 160 * body.bodies.count, to: member, at: now.monotonic)
        send(.batchBody(body), to: member, into: &effects)
    }

    /// A decided one is kept for whoever has it from others' words only.
    private func batch(_ digest: Digest, of instance: Instance) -> KnownBatch? {
        if window.contains(instance) { return window[instance].completeBatch(digest) }
        return archived[instance].flatMap { $0.batch.digest == digest ? $0.batch : nil }
    }

    /// Whether something that this replica knows asks for this batch: the leader's word, that of f+1 members, a decision, or
    /// a lock in STOPDATA. One liar's vote does not, or it could fill the memory with what it alone voted for.
    private func isWanted(_ instance: Instance, _ digest: Digest, forCollection: Bool) -> Bool {
        guard instance >= window.first, forCollection || isWithinReach(instance) else { return false }
        guard !forCollection else { return instance <= memoryLimit }
        guard window.contains(instance) else { return false }
        return window[instance].asksFor(digest, view)
    }

    /// Takes a batch with its bodies, from whoever hands it on, when its digest is asked for.
    mutating func onBatchBody(_ resolved: ResolvedBatch, into effects: inout Effects) {
        let instance = resolved.batch.instance
        let isForCollection = collectionWants(instance, resolved.digest)
        let known = KnownBatch(resolved)
        // No correct member votes for a batch that is too large, so nobody can need one.
        guard isWanted(instance, resolved.digest, forCollection: isForCollection), isWithinBytes(known) else { return }
        window.extend(to: instance)
        window[instance].add(known)
        resolve(instance, resolved.digest)
        if isForCollection { makeSyncIfPossible(into: &effects) }
    }
}
