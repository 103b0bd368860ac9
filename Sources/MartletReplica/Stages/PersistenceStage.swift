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
    /// Part of the log was found damaged, in that segment and maybe in some before.
    case replace(through: SegmentNumber)
    /// What the log needs was written again by the records before this.
    case rewritten(LogRewritten)
}

/// The stage between ordering and all that rests on it, in a durable group: a thread that writes down what has come since it
/// last did, waits for the disk once, and says so. While the disk fails it tries again now and then, and nothing leaves.
struct PersistenceStage<Machine: StreamingStateMachine>: Sendable {
    private struct Progress {
        var pending: [LogRecord] = []
        /// Of the last of them.
        var position = LogPosition.start
        /// When to try again; nil while the log can be written.
        var retryAt: Instant?
        /// The log says itself that all of it is durable.
        var isSealed = true
        var cleaningFailure: FileError?
        /// Up to there part of the log is damaged, and the core is to be told.
        var damagedThrough: SegmentNumber?
        /// It was written again, and the damaged part is still there.
        var rewritten: LogRewritten?
        /// There was no space to replace it; it is tried again when the damage is found again.
        var isHeld = false

        /// When to come back if nothing arrives.
        func wakeAt(_ now: Instant) -> Instant? { retryAt ?? (isSealed ? nil : now + sealAfter) }
    }

    let disk: any DurableDisk
    let mailboxes: StageMailboxes<Machine>
    let logger: Logger

    /// Returns when the mailbox is closed, with all that was given durable and the log sealed, where the disk lets it.
    func run() {
        var inputs: [PersistenceInput] = []
        var progress = Progress()
        while mailboxes.persistence.wait(into: &inputs, until: progress.wakeAt(SystemClock.monotonic)) {
            take(inputs, into: &progress)
            if let retry = progress.retryAt, SystemClock.monotonic < retry { continue }
            work(&progress, isIdle: inputs.isEmpty)
        }
        // Nobody is there any more who would write it again; what was written again still takes the damaged part's place.
        progress.damagedThrough = nil
        if !progress.pending.isEmpty || progress.rewritten != nil { work(&progress, isIdle: false) }
        progress.rewritten = nil
        if !progress.isSealed, progress.retryAt == nil { work(&progress, isIdle: true) }
    }

    private func take(_ inputs: [PersistenceInput], into progress: inout Progress) {
        for input in inputs {
            switch input {
            case .records(let records, let last):
                progress.pending += records
                progress.position = last
            case .drop(let instance): disk.drop(through: instance)
            case .replace(let segment):
                progress.damagedThrough = max(progress.damagedThrough ?? segment, segment)
                progress.isHeld = false
            case .rewritten(let rewritten): progress.rewritten = rewritten
            }
        }
    }

    private func work(_ progress: inout Progress, isIdle: Bool) {
        do {
            if !progress.pending.isEmpty || progress.retryAt != nil {
                try disk.append(progress.pending)
                noteDurable(&progress)
            } else if isIdle {
                try disk.seal()
                progress.isSealed = true
            }
        } catch {
            return noteBroken(&progress, error)
        }
        mend(&progress)
    }

    /// That there is no space for it keeps nobody from writing where there still is some; it is tried again when the damage is found again.
    private func mend(_ progress: inout Progress) {
        do {
            try replace(&progress)
        } catch {
            guard disk.isLogWritable else { return noteBroken(&progress, error) }
            (progress.damagedThrough, progress.isHeld) = (nil, true)
            logger.warning("what is damaged in the log cannot be replaced, and is tried again later: \(error)")
        }
    }

    /// When nothing is left to be written. **Safety**: damaged segments go only when all that is needed of them is durable in others.
    private func replace(_ progress: inout Progress) throws(LogError) {
        if let damaged = progress.damagedThrough {
            let segment = try disk.beginReplacement(through: damaged)
            progress.damagedThrough = nil
            if segment != nil { progress.isSealed = false }
            // What was written again and waits for a snapshot is not written once more.
            if let segment, progress.rewritten?.segment != segment.rawValue {
                mailboxes.ordering.post(.event(.logDamaged(segment: segment.rawValue)))
            }
        }
        guard !progress.isHeld, let rewritten = progress.rewritten, try disk.finishReplacement(rewritten)
        else { return }
        (progress.rewritten, progress.isSealed) = (nil, false)
        logger.notice("what the log needs was written again, and its damaged part is gone")
    }

    private func noteDurable(_ progress: inout Progress) {
        if progress.retryAt != nil {
            logger.notice("the log can be written again")
            mailboxes.ordering.post(.event(.logMended))
        }
        mailboxes.ordering.post(.durable(progress.position))
        for case .stable(let certificate) in progress.pending { mailboxes.snapshots.post(.noteStable(certificate)) }
        progress.pending.removeAll(keepingCapacity: true)
        (progress.retryAt, progress.isSealed) = (nil, false)
        noteCleaning(&progress)
    }

    private func noteCleaning(_ progress: inout Progress) {
        let failure = disk.logCleaningFailure
        if let failure, failure != progress.cleaningFailure {
            logger.warning("a file of the log that is not needed any more stays, and is tried again later: \(failure)")
        }
        progress.cleaningFailure = failure
    }

    private func noteBroken(_ progress: inout Progress, _ error: LogError) {
        let isNew = progress.retryAt == nil
        progress.retryAt = SystemClock.monotonic + retryAfter
        guard isNew else { return }
        logger.error("cannot write down what this replica would say, so it says nothing: \(error)")
        mailboxes.ordering.post(.event(.logBroken))
    }
}

/// When nothing was written for so long, the log is sealed.
private let sealAfter = Interval.milliseconds(200)
private let retryAfter = Interval.seconds(1)
