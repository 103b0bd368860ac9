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
    /// of this to keep up again, and what waits for it has a bound (`unwrittenMax`, and a window of what is written here).
    mutating func rewriteLog(in segment: UInt64, into effects: inout Effects) {
        guard rewriting?.segment != segment, mayRewrite, !isLogBroken, journal.unwritten < unwrittenMax else { return }
        if let stable = checkpoints.stable { journal.writeAgain(.stable(stable), into: &effects) }
        rewriting = Rewriting(segment: segment, view: view.number, next: window.first)
        goOnRewriting(into: &effects)
    }

    private var mayRewrite: Bool {
        journal.isOn && !isRestoring && catchUp.installing == nil && wrongState == nil
    }

    /// After each event: a window of instances at a time, when the one before is durable, or a replica that has much to write would keep
    /// the group waiting. Whatever changes meanwhile is written down in its turn. Where the window becomes another it is given up.
    mutating func goOnRewriting(into effects: inout Effects) {
        guard var going = rewriting else { return }
        guard mayRewrite, going.view == view.number else {
            rewriting = nil
            return
        }
        guard !isLogBroken, going.written <= journal.durable, journal.unwritten < unwrittenMax else { return }
        var instance = max(going.next, window.first)
        let end = min(window.end, instance + view.settings.window)
        while instance < end {
            rewrite(instance, into: &effects)
            instance = instance.next
        }
        (going.next, going.written) = (instance, journal.position)
        rewriting = going
        guard instance >= window.end else { return }
        rewriting = nil
        effects.logRewritten = LogRewritten(segment: going.segment, above: checkpoints.stableInstance)
    }

    /// **Safety**: a vote is written down under the view that it was made in. Beyond the last view's end that is this one, also where
    /// it is known already that another follows before: such votes are void, and must not become any of that one.
    private mutating func rewrite(_ number: Instance, into effects: inout Effects) {
        let view = number > views.base ? self.view : views.view(of: number)
        let instance = window[number]
        // What is not held any more would have to be written before the next vote that names it.
        window[number].logged.removeAll { instance.completeBatch($0) == nil }
        for digest in window[number].logged {
            guard let body = instance.completeBatch(digest)?.body else { continue }
            journal.writeAgain(.batch(digest, body), into: &effects)
        }
        let vote = { (told: RegencyDigest) in
            LoggedVote(
                epoch: Epoch(view: view.number, regency: told.regency), instance: number, digest: told.digest)
        }
        for told in instance.writeSet where told != instance.wrote {
            journal.writeAgain(.wrote(vote(told)), into: &effects)
        }
        if let wrote = instance.wrote { journal.writeAgain(.wrote(vote(wrote)), into: &effects) }
        if let lock = instance.lock { journal.writeAgain(.accepted(vote(lock)), into: &effects) }
        guard instance.isDecisionLogged, let digest = instance.decided else { return }
        let bare = DecisionCertificate(
            epoch: Epoch(view: view.number, regency: regency), instance: number, digest: digest, shares: [])
        let proof = instance.certificate ?? instance.uncheckedCertificate(view)
        journal.writeAgain(.decided(proof ?? bare), into: &effects)
    }
}

/// How far the log is written again.
struct Rewriting: Sendable {
    let segment: UInt64
    /// The one that it was begun in.
    let view: ViewNumber
    /// From there on.
    var next: Instance
    /// Nothing more before that is durable.
    var written = LogPosition.start
}
