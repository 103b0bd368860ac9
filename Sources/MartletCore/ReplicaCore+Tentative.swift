// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Tentative execution (protocol §5; Sousa & Bessani, WHEAT): what a quorum of WRITEs has made this replica lock is executed and
/// answered before the ACCEPTs are there. A client that has such answers of a quorum, all of one epoch and instance, knows
/// that a quorum has locked: it will be decided so.
extension ReplicaCore {
    /// Executes what is locked in this epoch, one after the other, from the first that is not executed on. Not what may end the
    /// view: that is decided first.
    mutating func executeTentatively(into effects: inout Effects) {
        extendTentative(into: &effects)
        // **Safety**: a read here must not miss what a client may have been told by others on the strength of this ACCEPT.
        guard let chain = tentative, let held = tentative?.readsToHold(beyond: decided + chain.count) else { return }
        effects.executions.append(.holdReads(upTo: held))
    }

    private mutating func extendTentative(into effects: inout Effects) {
        guard let count = tentative?.count, mode == .voter, restoration == nil, successor == nil,
            catchUp.installing == nil
        else { return }
        var instance = decided + (count + 1)
        while window.contains(instance), let lock = window[instance].accepted, lock.regency == regency,
            dueOutcome(at: instance) == .nothing,
            let known = window[instance].completeBatch(lock.digest), !known.namesView
        {
            let epoch = epoch
            guard let execution = tentative?.append(known, in: epoch) else { return }
            journal.await(window[instance].acceptedAt, into: &effects)
            effects.executions.append(.executeTentatively(execution))
            instance = instance.next
        }
    }

    /// A lock of this epoch: where another batch was executed, that and all after it is undone.
    mutating func compareWithTentative(_ instance: Instance, _ digest: Digest, into effects: inout Effects) {
        tentative?.noteAccepted(instance)
        guard let chain = tentative, instance > decided, instance <= decided + chain.count,
            chain[instance.distance(beyond: decided) - 1] != digest
        else { return }
        rollBack(to: instance.previous, into: &effects)
    }

    /// That instance comes after the decided ones and is now decided too. Whether just this batch was executed.
    mutating func settleTentative(_ instance: Instance, _ digest: Digest, into effects: inout Effects) -> Bool {
        guard let chain = tentative, !chain.isEmpty else { return false }
        guard chain[0] == digest else {
            rollBack(to: decided, into: &effects)
            return false
        }
        tentative?.removeFirst()
        return true
    }

    private mutating func rollBack(to last: Instance, into effects: inout Effects) {
        guard let chain = tentative else { return }
        var kept: [KnownBatch] = []
        var instance = decided.next
        while instance <= last {
            // It was locked and never replaced, so it is kept.
            guard let known = window[instance].completeBatch(chain[kept.count]) else {
                preconditionFailure("what was executed in instance \(instance) is forgotten")
            }
            kept.append(known)
            instance = instance.next
        }
        tentative?.rollBack(to: sessions, lastTime, keeping: kept)
        effects.executions.append(.rollBack(to: last))
        effects.notices.append(.rolledBack(to: last, from: decided + chain.count))
    }
}
