// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCore
import MartletLog
import MartletTypes

#if canImport(Glibc)
    import Glibc
#endif

/// A thread that reads through a durable replica's log and snapshots again and again, slowly, and has written again what is damaged
/// while the replica still knows what it was (docs/LOG.md). Decides nothing about what the replica says.
struct ScrubStage<Machine: StreamingStateMachine>: Sendable {
    let disk: any ScrubbedDisk
    let mailboxes: StageMailboxes<Machine>
    let pace: ScrubPace
    /// Between two passes.
    let pause: Interval
    let logger: Logger

    /// Returns when the pace is stopped.
    func run() {
        Self.lowerPriority()
        pace.rest(pause)
        while !pace.isStopped {
            lookAtSnapshots()
            lookAtLog()
            pace.rest(pause)
        }
    }

    private func lookAtSnapshots() {
        var scrub = disk.beginScrub()
        while !scrub.isOver, !pace.isStopped {
            do {
                if let finding = try disk.step(&scrub) { report(finding) }
            } catch {
                logger.error("a snapshot cannot be read: \(error)")
            }
            pace.note(scrub.bytesRead)
        }
    }

    private func report(_ finding: SnapshotScrub.Finding) {
        let place = finding.offset.map { " at byte \($0)" } ?? ""
        logger.error("damaged on the disk: snapshots/\(finding.file)\(place): \(finding.reason)")
        for snapshot in finding.snapshots {
            mailboxes.snapshots.post(.repair(snapshot.instance, snapshot.digest))
        }
    }

    private func lookAtLog() {
        do {
            let damages = try disk.logDamages(pace)
            for damage in damages { logger.error("damaged on the disk: log/\(LogFinding.damage(damage))") }
            if let newest = damages.compactMap(\.segment).max() {
                mailboxes.persistence.post(.replace(through: newest))
            }
        } catch {
            if !pace.isStopped { logger.error("the log cannot be read: \(error)") }
        }
    }

    /// On Linux each thread has its own.
    private static func lowerPriority() {
        #if canImport(Glibc)
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
        #endif
    }
}
