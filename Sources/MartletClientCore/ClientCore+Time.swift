// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What happens because time has passed.
extension ClientCore {
    mutating func onDeadline(_ effects: inout ClientEffects) {
        while let key = timers.takeDue(at: now) {
            if key == 0 { onWarningTimer(&effects) } else { onTimer(key - 1, &effects) }
        }
    }

    private mutating func onTimer(_ slot: Int, _ effects: inout ClientEffects) {
        guard now < calls[slot].deadline else {
            let handle = calls[slot].session
            finish(slot, outcomeWithoutAnswer(slot, .neverSent, .deadline), &effects)
            return dispatch(handle, &effects)
        }
        switch calls[slot].phase {
        case .free, .waiting: break
        case .reading: onReadTimer(slot, &effects)
        case .ordering:
            if calls[slot].kind == .opening, openings.isOvertaken(calls[slot].requestID.sequence) {
                return openAgain(slot, &effects)
            }
            sendAgain(slot, &effects)
            scheduleRetry(slot)
        case .receipting:
            askForReceiptAgain(slot, &effects)
            scheduleRetry(slot)
        }
    }

    // MARK: What is being waited for

    private mutating func onWarningTimer(_ effects: inout ClientEffects) {
        guard let oldest = oldestCall() else { return }
        let age = now.since(calls[oldest].submitted)
        guard age >= configuration.warnAfter else {
            nextWarning = configuration.warnAfter
            return timers.set(0, at: calls[oldest].submitted + configuration.warnAfter)
        }
        effects.notices.append(.waiting(wait(of: oldest, age: age)))
        nextWarning = min(nextWarning * 2, max(configuration.warnMax, configuration.warnAfter))
        timers.set(0, at: now + nextWarning)
    }

    private func oldestCall() -> Int? {
        var oldest: Int?
        for slot in calls.indices where calls[slot].phase != .free && calls[slot].kind != .opening {
            if let found = oldest, calls[found].submitted <= calls[slot].submitted { continue }
            oldest = slot
        }
        return oldest
    }

    /// A call that waits for its session waits for the opening.
    private func wait(of call: Int, age: Interval) -> ClientWait {
        var asked = call
        if calls[call].phase == .waiting, let opening = openings.slot(for: calls[call].session, in: calls) {
            asked = opening
        }
        var unreachable: [(replica: ReplicaID, since: Instant)] = []
        var silent: [ReplicaID] = []
        var refusing: [(replica: ReplicaID, reason: RefusalReason)] = []
        for position in memberIDs.indices {
            let replica = ReplicaIndex(position)
            if let since = links.unreachableSince(replica) {
                unreachable.append((memberIDs[position], since))
            } else if let reason = calls[asked].refusals[replica] {
                refusing.append((memberIDs[position], reason))
            } else if calls[asked].targets.contains(replica) && !calls[asked].hasHeard(from: replica) {
                silent.append(memberIDs[position])
            }
        }
        return ClientWait(
            calls: unfinishedCalls, longest: age, unreachable: unreachable, silent: silent, refusing: refusing)
    }
}

extension Openings {
    fileprivate func slot(for session: SessionHandle, in calls: [PendingCall]) -> Int? {
        sent.first { calls[$0.slot].session == session }?.slot
    }
}
