// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletCore
import MartletLog
import MartletTypes

/// What the persistence thread is given.
enum PersistenceInput: Sendable {
    /// To be made durable; the position of the last of them.
    case records([LogRecord], upTo: LogPosition)
    /// A durable snapshot covers everything up to there.
    case drop(through: Instance)
    /// Part of the log was found damaged.
    case replace
    /// What the log needs was written again by the records before this.
    case rewritten(LogRewritten)
}

/// The stage between ordering and all that rests on it, in a durable group: a thread that writes down what has come since it
/// last did, waits for the disk once, and says so. While the disk fails it tries again, and nothing leaves.
struct PersistenceStage<Machine: StateMachine>: Sendable {
    private struct Progress {
        var pending: [LogRecord] = []
        /// Of the last of them.
        var position = LogPosition.start
        var isBroken = false
        /// The log says itself that all of it is durable.
        var isSealed = true
        var isDamaged = false
        var rewritten: LogRewritten?

        /// When to come back if nothing arrives.
        var pause: Interval? { isBroken ? retryAfter : isSealed ? nil : sealAfter }
    }

    let disk: ReplicaDisk
    let mailboxes: StageMailboxes<Machine>
    let logger: Logger

    /// Returns when the mailbox is closed.
    func run() {
        var inputs: [PersistenceInput] = []
        var progress = Progress()
        while mailboxes.persistence.wait(into: &inputs, until: progress.pause.map { SystemClock.monotonic + $0 }) {
            take(inputs, into: &progress)
            do {
                if !progress.pending.isEmpty || progress.isBroken {
                    try disk.append(progress.pending)
                    noteDurable(&progress)
                } else if inputs.isEmpty {
                    try disk.seal()
                    progress.isSealed = true
                }
                try replace(&progress)
            } catch {
                noteBroken(&progress, error)
            }
        }
    }

    private func take(_ inputs: [PersistenceInput], into progress: inout Progress) {
        for input in inputs {
            switch input {
            case .records(let records, let last):
                progress.pending += records
                progress.position = last
            case .drop(let instance): disk.drop(through: instance)
            case .replace: progress.isDamaged = true
            case .rewritten(let rewritten): progress.rewritten = rewritten
            }
        }
    }

    /// When nothing is left to be written. **Safety**: damaged segments go only when all that is needed of them is durable in others.
    private func replace(_ progress: inout Progress) throws(LogError) {
        if progress.isDamaged {
            let segment = try disk.beginReplacement()
            progress.isDamaged = false
            mailboxes.ordering.post(.event(.logDamaged(segment: segment.rawValue)))
        }
        guard let rewritten = progress.rewritten, try disk.finishReplacement(rewritten) else { return }
        progress.rewritten = nil
        logger.notice("what the log needs was written again, and its damaged part is gone")
    }

    private func noteDurable(_ progress: inout Progress) {
        if progress.isBroken {
            logger.notice("the log can be written again")
            mailboxes.ordering.post(.event(.logMended))
        }
        mailboxes.ordering.post(.durable(progress.position))
        for case .stable(let certificate) in progress.pending { mailboxes.background.post(.noteStable(certificate)) }
        progress.pending.removeAll(keepingCapacity: true)
        (progress.isBroken, progress.isSealed) = (false, false)
    }

    private func noteBroken(_ progress: inout Progress, _ error: LogError) {
        guard !progress.isBroken else { return }
        progress.isBroken = true
        logger.error("cannot write down what this replica would say, so it says nothing: \(error)")
        mailboxes.ordering.post(.event(.logBroken))
    }
}

/// When nothing was written for so long, the log is sealed.
private let sealAfter = Interval.milliseconds(200)
private let retryAfter = Interval.seconds(1)
