// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// The disks of a durable group.
extension World {
    /// What has come within so long is written at once.
    private static let writeDelayMax = Interval.microseconds(60)
    /// What a disk takes to make durable what was written, mostly and now and then.
    private static let syncMax = Interval.microseconds(300)
    private static let slowSyncMax = Interval.milliseconds(20)

    private static let retryAfter = Interval.milliseconds(15)

    func scheduleWrite(by replica: SimulatedReplica) {
        guard replica.hasToWrite, !replica.isWriting else { return }
        replica.isWriting = true
        queue.insert(
            .write(replica.slot, incarnation: replica.incarnation), at: now + random.interval(upTo: Self.writeDelayMax))
    }

    func onWrite(by replica: SimulatedReplica) {
        guard now >= replica.diskStallsUntil else {
            queue.insert(.write(replica.slot, incarnation: replica.incarnation), at: replica.diskStallsUntil)
            return
        }
        let position: LogPosition
        do {
            position = try replica.write()
        } catch {
            return noteLogFailure(error, of: replica)
        }
        let bound = random.chance(permille: 20) ? Self.slowSyncMax : Self.syncMax
        queue.insert(
            .sync(replica.slot, incarnation: replica.incarnation, position),
            at: now + random.interval(upTo: bound) + slowness(of: replica))
    }

    private func slowness(of replica: SimulatedReplica) -> Interval {
        now < replica.slowDisk.until ? replica.slowDisk.by : .zero
    }

    func onSync(by replica: SimulatedReplica, upTo position: LogPosition) {
        guard now >= replica.diskStallsUntil else {
            queue.insert(.sync(replica.slot, incarnation: replica.incarnation, position), at: replica.diskStallsUntil)
            return
        }
        do {
            try replica.sync(upTo: position)
            if try replica.finishLogReplacement() { counts.logReplacements += 1 }
        } catch {
            return noteLogFailure(error, of: replica)
        }
        replica.isWriting = false
        deliver(.durable(position), to: replica)
        if replica.isLogBroken {
            replica.isLogBroken = false
            deliver(.logMended, to: replica)
        }
        scheduleWrite(by: replica)
    }

    // MARK: - Damage at rest

    func damageDisk(of replica: SimulatedReplica, seenAfter delay: Interval?) {
        let places = replica.damageDisk(&random)
        guard !places.isEmpty else { return }
        trace.line(now, "r\(replica.id)", "FAULT", "a bit flips in \(places.joined(separator: " and "))")
        counts.diskDamages += 1
        if let delay, replica.isUp {
            queue.insert(.scrub(replica.slot, incarnation: replica.incarnation), at: now + delay)
        }
    }

    func loseDisk(of replica: SimulatedReplica) {
        guard !replica.isUp else { return }
        let places = replica.loseDisk(&random)
        guard !places.isEmpty else { return }
        trace.line(now, "r\(replica.id)", "FAULT", "is gone: \(places.joined())")
        counts.diskLosses += 1
    }

    /// As a replica's scrub does it in one go. What cannot be mended yet is looked at again.
    func scrub(_ replica: SimulatedReplica) {
        guard replica.isUp else { return }
        guard now >= replica.diskStallsUntil else {
            queue.insert(.scrub(replica.slot, incarnation: replica.incarnation), at: replica.diskStallsUntil)
            return
        }
        do {
            counts.repairs += try replica.repairSnapshots()
            if let segment = try replica.beginLogReplacement() {
                if replica.rewritten?.told.segment != segment {
                    deliver(.logDamaged(segment: segment), to: replica)
                    scheduleWrite(by: replica)
                }
                queue.insert(.scrub(replica.slot, incarnation: replica.incarnation), at: now + Self.retryAfter)
            } else if try replica.finishLogReplacement() {
                counts.logReplacements += 1
            }
        } catch {
            guard !crashesWithoutPower(replica) else { return }
            trace.line(now, "r\(replica.id)", "DISK", "not mended: \(error)")
            queue.insert(.scrub(replica.slot, incarnation: replica.incarnation), at: now + Self.retryAfter)
        }
    }

    // MARK: - Snapshots

    /// Durable first: then the core is told.
    func keep(_ instance: Instance, _ digest: Digest, by replica: SimulatedReplica) {
        let due = max(replica.diskStallsUntil, now + slowness(of: replica))
        guard due <= now else {
            queue.insert(.keepAgain(replica.slot, incarnation: replica.incarnation, instance, digest), at: due)
            return
        }
        do {
            _ = try replica.keep(instance, digest)
            post(.snapshotTaken(instance, digest), to: replica, within: Self.backgroundDelayMax)
        } catch {
            noteSnapshotFailure(error, instance, digest, of: replica)
        }
    }

    func postFromDisk(_ event: Event, of replica: SimulatedReplica) {
        post(
            event, to: replica, within: Self.executionDelayMax,
            notBefore: max(replica.diskStallsUntil, now + slowness(of: replica)))
    }

    // MARK: - Trouble

    /// As a replica's persistence does: says so once, and tries again.
    private func noteLogFailure(_ error: any Error, of replica: SimulatedReplica) {
        guard !crashesWithoutPower(replica) else { return }
        trace.line(now, "r\(replica.id)", "DISK", "\(error)")
        counts.logFailures += 1
        if !replica.isLogBroken {
            replica.isLogBroken = true
            deliver(.logBroken, to: replica)
        }
        queue.insert(.write(replica.slot, incarnation: replica.incarnation), at: now + Self.retryAfter)
    }

    /// Without its snapshot a replica has no word on the checkpoint; it tries again.
    func noteSnapshotFailure(_ error: any Error, _ instance: Instance, _ digest: Digest, of replica: SimulatedReplica) {
        guard !crashesWithoutPower(replica) else { return }
        trace.line(now, "r\(replica.id)", "DISK", "no snapshot: \(error)")
        counts.snapshotFailures += 1
        queue.insert(
            .keepAgain(replica.slot, incarnation: replica.incarnation, instance, digest), at: now + Self.retryAfter)
    }

    /// Unless a newer one is stable by now.
    func keepAgain(_ instance: Instance, _ digest: Digest, by replica: SimulatedReplica) {
        guard replica.isUp else { return }
        guard now >= replica.diskStallsUntil else {
            queue.insert(
                .keepAgain(replica.slot, incarnation: replica.incarnation, instance, digest),
                at: replica.diskStallsUntil)
            return
        }
        do {
            if try replica.keep(instance, digest) { deliver(.snapshotTaken(instance, digest), to: replica) }
        } catch {
            noteSnapshotFailure(error, instance, digest, of: replica)
        }
    }

    /// What could not be done because the power is gone is the end of this run.
    func crashesWithoutPower(_ replica: SimulatedReplica) -> Bool {
        guard replica.disk?.hasNoPower == true else { return false }
        counts.crashesInWrites += 1
        crash(replica, restartAt: replica.powerBackAt)
        return true
    }
}
