// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Writing down again what the log must hold, because part of it is damaged (docs/LOG.md).
extension ReplicaCore {
    /// All that a restart would need above the newest stable checkpoint, from memory. Views, the epoch with its SYNC and the
    /// incarnation are not part of it: whoever writes the log restates them at the head of each segment.
    ///
    /// **Safety**: a restart gives exactly what stands in the window (`restore`), of any view whose instances are not covered yet; what
    /// an instance does not hold any more (a batch that neither its votes, lock nor decision name) this run would act
    /// without, too, and so may the next one. While it restores itself, or waits for a state, the window does not hold all
    /// of that, and nothing is done: it is asked again. Neither is anything while the disk is behind with what it has: it needs nothing
    /// of this to keep up again, and what waits for it has a bound (`unwrittenMax`, and once what is written here).
    mutating func rewriteLog(in segment: UInt64, into effects: inout Effects) {
        guard journal.isOn, !isLogBroken, journal.unwritten < unwrittenMax, !isRestoring, catchUp.installing == nil,
            wrongState == nil
        else { return }
        if let stable = checkpoints.stable { journal.write(.stable(stable), into: &effects) }
        var instance = window.first
        while instance < window.end {
            rewrite(instance, into: &effects)
            instance = instance.next
        }
        effects.logRewritten = LogRewritten(segment: segment, above: checkpoints.stableInstance)
    }

    private mutating func rewrite(_ number: Instance, into effects: inout Effects) {
        let view = views.view(of: number)
        let instance = window[number]
        // What is not held any more would have to be written before the next vote that names it.
        window[number].logged.removeAll { instance.completeBatch($0) == nil }
        for digest in window[number].logged {
            guard let body = instance.completeBatch(digest)?.body else { continue }
            journal.write(.batch(digest, body), into: &effects)
        }
        let vote = { (told: RegencyDigest) in
            LoggedVote(
                epoch: Epoch(view: view.number, regency: told.regency), instance: number, digest: told.digest)
        }
        for told in instance.writeSet where told != instance.wrote {
            journal.write(.wrote(vote(told)), into: &effects)
        }
        if let wrote = instance.wrote { journal.write(.wrote(vote(wrote)), into: &effects) }
        if let lock = instance.lock { journal.write(.accepted(vote(lock)), into: &effects) }
        guard instance.isDecisionLogged, let digest = instance.decided else { return }
        let bare = DecisionCertificate(
            epoch: Epoch(view: view.number, regency: regency), instance: number, digest: digest, shares: [])
        let proof = instance.certificate ?? instance.uncheckedCertificate(view)
        journal.write(.decided(proof ?? bare), into: &effects)
    }
}
