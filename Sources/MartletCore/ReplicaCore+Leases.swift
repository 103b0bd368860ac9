// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Keeping what members fetch while the group goes on (protocol §7).
extension ReplicaCore {
    var leaseDeadline: Instant? { leases.deadline }

    /// Everything up to there leaves the window; what somebody wants of it is kept apart.
    mutating func archive(through certificate: CheckpointCertificate) {
        guard let oldest = leases.oldest else { return archived.removeAll() }
        var instance = max(window.first, oldest.next)
        while instance <= certificate.instance, window.contains(instance) {
            archived.append(window[instance], owner: views.view(of: instance))
            instance = instance.next
        }
        archived.note(stable: certificate)
        archived.drop(through: oldest)
        archived.trim()
        leases.note(stable: certificate)
        // Whoever fetches a state that nothing leads on from had better hear soon that it is gone.
        let (first, isEmpty) = (archived.first, archived.isEmpty)
        if leases.end(where: { $0 < certificate.instance && (isEmpty || $0.next < first) }) { forgetArchived() }
    }

    private mutating func forgetArchived() {
        if let oldest = leases.oldest { archived.drop(through: oldest) } else { archived.removeAll() }
    }

    mutating func endLeases(into effects: inout Effects) {
        guard leases.end(at: now.monotonic) else { return }
        forgetArchived()
        forgetSnapshots(into: &effects)
    }

    /// Its own state is replaced: it has nothing more to give of what came before.
    mutating func endAllLeases() {
        leases = CheckpointLeases(view: view, count: peers.count, lifetime: configuration.timeouts.lease)
        archived.removeAll()
    }

    mutating func forgetSnapshots(into effects: inout Effects) {
        let stable = checkpoints.stableInstance
        effects.executions.append(
            .forgetSnapshots(below: stable, except: leases.checkpoints.filter { $0 < stable }))
    }

    /// Whether a decision is kept here, in the window or apart.
    func keepsDecision(of instance: Instance) -> Bool { instance >= window.first || archived.contains(instance) }

    /// What of a decision may be handed on: the batch, and the certificate if it is checked.
    func kept(_ instance: Instance) -> (batch: KnownBatch, certificate: DecisionCertificate?)? {
        if let kept = archived[instance] { return (kept.batch, kept.certificate) }
        guard window.contains(instance), let digest = window[instance].decided,
            let known = window[instance].completeBatch(digest)
        else { return nil }
        return (known, window[instance].certificate)
    }

    /// Has the certificate of that decision checked; false when there is none that may prove it.
    mutating func requestCheckOfKept(_ instance: Instance, into effects: inout Effects) -> Bool {
        guard archived.contains(instance) else { return requestCheck(of: instance, into: &effects) }
        switch archived.beginCheck(of: instance) {
        case .begin(let unchecked): effects.checks.append(unchecked)
        case .isUnderWay: break
        case .none: return false
        }
        return true
    }
}
