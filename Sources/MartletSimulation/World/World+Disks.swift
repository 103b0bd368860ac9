// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The disks of a durable group.
extension World {
    /// What has come within so long is written at once.
    private static let writeDelayMax = Interval.microseconds(60)
    /// What a disk takes to make durable what was written, mostly and now and then.
    private static let syncMax = Interval.microseconds(300)
    private static let slowSyncMax = Interval.milliseconds(20)

    func scheduleWrite(by replica: SimulatedReplica) {
        guard replica.hasToWrite, !replica.isWriting else { return }
        replica.isWriting = true
        queue.insert(
            .write(replica.slot, incarnation: replica.incarnation), at: now + random.interval(upTo: Self.writeDelayMax))
    }

    func onWrite(by replica: SimulatedReplica) {
        let position: LogPosition
        do {
            position = try replica.write()
        } catch {
            return noteDiskFailure(error, of: replica)
        }
        let bound = random.chance(permille: 20) ? Self.slowSyncMax : Self.syncMax
        queue.insert(
            .sync(replica.slot, incarnation: replica.incarnation, position), at: now + random.interval(upTo: bound))
    }

    func onSync(by replica: SimulatedReplica, upTo position: LogPosition) {
        replica.isWriting = false
        do {
            try replica.sync(upTo: position)
        } catch {
            return noteDiskFailure(error, of: replica)
        }
        scheduleWake(of: replica)
        scheduleWrite(by: replica)
    }

    func noteDiskFailure(_ error: any Error, of replica: SimulatedReplica) {
        checkers.note(Violation(.checkpoints, at: now, "the disk of replica \(replica.index) fails: \(error)"))
    }
}
