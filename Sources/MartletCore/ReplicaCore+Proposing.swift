// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The leader's part of step 1.
extension ReplicaCore {
    mutating func proposeIfDue(into effects: inout Effects) {
        guard isLeading, isSynced, catchUp.installing == nil, !isHeldByDisk else { return }
        while let next = proposer.next, next <= voteLimit, !proposer.isBarred(decided: decided), !isBeyondDue(next) {
            if let outcome = settlement?.outcome(of: next) {
                proposeSettled(next, outcome, into: &effects)
            } else {
                guard proposeFresh(next, into: &effects) else { return }
            }
            proposer.advance()
        }
    }

    /// What is proposed beyond an instance that may end the view would only be thrown away.
    private func isBeyondDue(_ instance: Instance) -> Bool {
        instance.previous > decided && dueOutcome(at: instance.previous) != .nothing
    }

    /// **Safety**: exactly the bound batch again, or an empty one where nothing can have been decided.
    private mutating func proposeSettled(
        _ instance: Instance, _ outcome: Settlement.Outcome, into effects: inout Effects
    ) {
        switch outcome {
        case .bound(let digest):
            // Gone only if a stable checkpoint covers it; then nobody needs it.
            guard window.contains(instance), let known = window[instance].batch(digest) else { return }
            for entry in known.batch.entries { pool.markProposed(entry.id, in: instance) }
            if known.mayEndView { proposer.noteBarrier(instance) }
            propose(known.batch, into: &effects)
        case .empty:
            propose(Batch(instance: instance, born: epoch, time: .zero, entries: []), into: &effects)
        }
    }

    private mutating func proposeFresh(_ instance: Instance, into effects: inout Effects) -> Bool {
        let settings = view.settings
        guard pool.hasProposable(isStrict: strict.isOn) || hasProbesToOrder else { return false }
        let running = instance.previous.distance(beyond: decided)
        let isFull = pool.waitingCount >= settings.batchRequestsMax || pool.waitingBytes >= settings.batchBytesMax
        guard
            proposer.isDue(
                running: running, isBatchFull: isFull, latency: timeout.latency, window: settings.window,
                at: now.monotonic)
        else { return false }
        var entries = pool.takeBatch(for: instance, isStrict: strict.isOn, hasProbes: hasProbesToOrder)
        if let first = entries.first, pool.mayEndView(first.id) {
            proposer.noteBarrier(instance)
        } else {
            entries = takeProbes() + entries
        }
        guard !entries.isEmpty else { return false }
        proposer.noteProposal(at: now.monotonic)
        propose(Batch(instance: instance, born: epoch, time: now.wall, entries: entries), into: &effects)
        return true
    }

    private func propose(_ batch: Batch, into effects: inout Effects) {
        effects.sends.append(
            Send(.propose(Propose(epoch: epoch, batch: batch)), to: .everyone, after: journal.entered))
    }

    /// When a batch that waits for more requests becomes due; nil when it is due already and lacks something else.
    var proposalDeadline: Instant? {
        guard isLeader, isSynced, let next = proposer.next, next <= voteLimit,
            pool.waitingCount > 0 || hasProbesToOrder
        else { return nil }
        let due = proposer.deadline(latency: timeout.latency, window: view.settings.window)
        return due > now.monotonic ? due : nil
    }
}
