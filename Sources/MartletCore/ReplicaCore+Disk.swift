// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// A disk that hangs or is slower than the group (protocol §7): how far this replica goes ahead of it. What waits for the disk has
/// a bound so, and nobody else is slower for it than for any replica that is behind.
extension ReplicaCore {
    /// So many records may wait for the disk: those of K + W instances, at four each. A disk that stands still now and then costs no
    /// leader its place so, and what is fetched at once fits.
    var unwrittenMax: Int { 4 * (view.settings.checkpointPeriod + view.settings.window) }

    /// Whether the disk must do something before this replica votes, decides or fetches more: make records durable, or the snapshot
    /// that its log may be shortened by. As no member votes beyond a stable checkpoint, this one goes L beyond its own.
    var isDiskBehind: Bool {
        guard journal.isOn else { return false }
        return journal.unwritten >= unwrittenMax || decided >= snapshotKept + view.settings.voteLimit
    }

    /// The same for a disk that fails: what is to be written would only pile up.
    var isHeldByDisk: Bool { isLogBroken || isDiskBehind }

    /// Whether the present epoch's entry is durable: nothing of what is said in it has left before. Until then no other is entered;
    /// while a disk hangs one would follow the other.
    var isEntryDurable: Bool { journal.entered <= journal.durable }

    mutating func onDurable(_ position: LogPosition, into effects: inout Effects) {
        let couldEnter = isEntryDurable
        journal.note(durable: position)
        guard !couldEnter, isEntryDurable else { return }
        let asked = stops.installable(view)
        if asked > regency { enter(asked, into: &effects) }
    }

    /// After each event, before time is looked at: what could not be voted for or decided meanwhile is nobody's fault.
    mutating func noteDisk(into effects: inout Effects) {
        heldByDiskSince = isHeldByDisk ? heldByDiskSince ?? now.monotonic : nil
        let isBehind = isDiskBehind
        if isBehind, diskBehindSince == nil {
            diskBehindSince = now.monotonic
            effects.notices.append(.diskBehind(decided, unwritten: journal.unwritten))
        }
        guard !isBehind, let since = diskBehindSince else { return }
        diskBehindSince = nil
        effects.notices.append(.diskKeptUp)
        lastAdvance = now.monotonic
        watch.restart()
        pump(into: &effects)
        if now.monotonic.since(since) >= configuration.timeouts.resend { restartTimers() }
    }

    mutating func restartTimers() {
        lastAdvance = now.monotonic
        if !isSynced { syncDeadline = now.monotonic + timeout.current * 2 }
        pool.restartTimers(at: now.monotonic)
    }

    /// When this replica, leading, has kept the others waiting for its disk so long that they had better have another leader, be the disk
    /// hanging or failing. Not at the first failure: where disks fail now and then leaders would follow each other faster than they can
    /// begin. Nor where it lacks a snapshot that nobody has: then the group waits for its checkpoint, whoever leads.
    var diskDeadline: Instant? {
        guard isLeader, view.n > 1, stopSent <= regency, let since = heldByDiskSince,
            isLogBroken || journal.unwritten >= unwrittenMax || snapshotKept < checkpoints.stableInstance
        else { return nil }
        return since + timeout.current
    }

    mutating func abdicateIfHeldByDisk(into effects: inout Effects) {
        if let deadline = diskDeadline, deadline <= now.monotonic { abdicate(into: &effects) }
    }

    /// What waits for the disk has not been said at all yet, and will be.
    func sendAgain(_ send: Send, into effects: inout Effects) {
        if send.after <= journal.durable { effects.sends.append(send) }
    }
}
