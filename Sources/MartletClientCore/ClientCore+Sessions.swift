// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Sessions: opened by an ordered request, lost by eviction, opened again.
extension ClientCore {
    mutating func open(_ handle: SessionHandle, _ effects: inout ClientEffects) {
        guard !isClosed else { return }
        reachSession(handle)
        if case .open(let session) = sessions[Int(handle.rawValue)].phase {
            return effects.sessionChanges.append(.opened(handle, session))
        }
        requestOpening(handle, &effects)
    }

    mutating func reachSession(_ handle: SessionHandle) {
        precondition(handle.rawValue < SessionHandle.countMax, "session handles must be dense")
        while sessions.count <= Int(handle.rawValue) { sessions.append(ClientSessionState()) }
    }

    mutating func requestOpening(_ handle: SessionHandle, _ effects: inout ClientEffects) {
        guard sessions[Int(handle.rawValue)].phase == .closed else { return }
        sessions[Int(handle.rawValue)].phase = .opening
        openings.enqueue(handle)
        beginOpenings(&effects)
    }

    /// Sends openings, as many as may be under way.
    mutating func beginOpenings(_ effects: inout ClientEffects) {
        while !links.up.isEmpty, let handle = openings.takeNext() { sendOpening(handle, &effects) }
    }

    private mutating func sendOpening(_ handle: SessionHandle, _ effects: inout ClientEffects) {
        let slot = takeSlot()
        let number = openings.nextNumber(at: now)
        openings.began(number, slot: slot)
        calls[slot].phase = .ordering
        calls[slot].kind = .opening
        calls[slot].session = handle
        calls[slot].submitted = now
        calls[slot].deadline = .distantFuture
        calls[slot].requestID = RequestID(client: configuration.client, session: .none, sequence: number)
        calls[slot].repliesKeptFrom = SequenceNumber(0)
        sendFirst(slot, &effects)
    }

    mutating func onOpeningAccepted(_ slot: Int, _ body: ReplyBody, _ effects: inout ClientEffects) {
        let handle = calls[slot].session
        if body == .accessDenied { return giveUpOpening(slot, .accessDenied, &effects) }
        guard case .opened(let session) = body, session != .none, handles[session] == nil else {
            return openAgain(slot, &effects)
        }
        openings.succeeded(calls[slot].requestID.sequence)
        endOpening(slot)
        sessions[Int(handle.rawValue)].phase = .open(session)
        handles.insert(session, handle)
        effects.sessionChanges.append(.opened(handle, session))
        dispatch(handle, &effects)
        beginOpenings(&effects)
    }

    /// The opening's number was not high enough: another one. A session that it may have opened all the same is never
    /// used, and evicted in time.
    mutating func openAgain(_ slot: Int, _ effects: inout ClientEffects) {
        let handle = calls[slot].session
        openings.wasStale()
        endOpening(slot)
        openings.enqueue(handle)
        beginOpenings(&effects)
    }

    /// No session will be opened: what waits for it fails, and the next call tries anew.
    mutating func giveUpOpening(_ slot: Int, _ reason: FailureReason, _ effects: inout ClientEffects) {
        let place = Int(calls[slot].session.rawValue)
        endOpening(slot)
        sessions[place].phase = .closed
        while sessions[place].waitingHead >= 0 {
            finish(sessions[place].waitingHead, .failed(reason), &effects)
        }
        beginOpenings(&effects)
    }

    private mutating func endOpening(_ slot: Int) {
        openings.ended(calls[slot].requestID.sequence)
        freeSlot(slot)
    }

    /// Evicted, or its client is served no longer. Nobody knows whether what was sent in the session took effect: another reply than the
    /// group's last word on it may have been lost. Reads are asked again in the next session, and what was not sent goes there by
    /// itself; whether there is one the opening tells.
    mutating func onSessionEnded(_ handle: SessionHandle, _ reason: UnknownReason, _ effects: inout ClientEffects) {
        let place = Int(handle.rawValue)
        guard case .open(let session) = sessions[place].phase else { return }
        handles.remove(session)
        effects.sessionChanges.append(.evicted(handle))
        for slot in sessions[place].close() {
            if let (result, certificate) = calls[slot].result {
                complete(slot, .result(result, certificate), &effects)
            } else if calls[slot].kind == .read {
                calls[slot].forgetAnswers()
                enqueue(slot, &effects)
            } else {
                complete(slot, .unknown(reason), &effects)
            }
        }
        requestOpening(handle, &effects)
    }
}
