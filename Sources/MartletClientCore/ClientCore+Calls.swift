// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Calls from their beginning to their end.
extension ClientCore {
    mutating func submit(_ call: consuming Call, _ effects: inout ClientEffects) {
        if let reason = reasonToRefuse(call) {
            effects.completions.append(Completion(call: call.id, outcome: .failed(reason)))
            return
        }
        let slot = takeSlot()
        switch call.kind {
        case .operation: calls[slot].kind = .operation
        case .read: calls[slot].kind = .read
        case .reconfiguration(let operation):
            calls[slot].kind = .reconfiguration
            calls[slot].reconfiguration = operation
        }
        calls[slot].wantsReceipt = call.wantsReceipt
        calls[slot].id = call.id
        calls[slot].session = call.session
        calls[slot].payload = call.payload
        calls[slot].submitted = now
        calls[slot].deadline = call.deadline
        unfinishedCalls += 1
        if !timers.isSet(0) { timers.set(0, at: now + configuration.warnAfter) }
        reachSession(call.session)
        if call.kind == .read && configuration.view.settings.hasUnorderedReads {
            beginReading(slot, &effects)
        } else {
            enqueue(slot, &effects)
        }
    }

    private func reasonToRefuse(_ call: borrowing Call) -> FailureReason? {
        let bytesMax = configuration.view.settings.requestBytesMax
        if isClosed { return .closed }
        if call.payload.count > bytesMax { return .payloadTooLarge(bytes: call.payload.count, bytesMax: bytesMax) }
        if unfinishedCalls >= configuration.callsMax { return .tooManyCalls(max: configuration.callsMax) }
        if isDenied { return .accessDenied }
        return call.deadline <= now ? .neverSent : nil
    }

    // MARK: Ordered requests

    /// Puts the call behind those that wait in its session, and sends what can be sent.
    mutating func enqueue(_ slot: Int, _ effects: inout ClientEffects) {
        let handle = calls[slot].session
        calls[slot].phase = .waiting
        append(slot, toWaitingOf: Int(handle.rawValue))
        dispatch(handle, &effects)
        guard calls[slot].phase == .waiting else { return }
        if calls[slot].deadline == .distantFuture {
            timers.remove(slot + 1)
        } else {
            timers.set(slot + 1, at: calls[slot].deadline)
        }
    }

    /// Sends as many waiting calls as the session may have in flight, or has the session opened first.
    mutating func dispatch(_ handle: SessionHandle, _ effects: inout ClientEffects) {
        let place = Int(handle.rawValue)
        while sessions[place].waitingHead >= 0, !links.up.isEmpty {
            guard case .open(let session) = sessions[place].phase else { return requestOpening(handle, &effects) }
            guard sessions[place].hasRoom(pipelineMax: configuration.view.settings.pipelineMax) else { return }
            let slot = sessions[place].waitingHead
            unlink(slot, fromWaitingOf: place)
            let sequence = sessions[place].begin(slot: slot)
            calls[slot].phase = .ordering
            calls[slot].requestID = RequestID(client: configuration.client, session: session, sequence: sequence)
            calls[slot].repliesKeptFrom = sessions[place].lowest
            sendFirst(slot, &effects)
        }
    }

    mutating func sendFirst(_ slot: Int, _ effects: inout ClientEffects) {
        calls[slot].sent = now
        calls[slot].wasSent = true
        calls[slot].targets = links.up
        effects.send(calls[slot].request, to: links.up, isSigned: signing.isOn(at: now), configuration)
        scheduleRetry(slot)
    }

    mutating func scheduleRetry(_ slot: Int) {
        let retry = now + orderedWait.wait(repetitions: calls[slot].repetitions)
        timers.set(slot + 1, at: min(retry, calls[slot].deadline))
    }

    /// To those whose final answer is missing. A tentative answer is asked for again: once the instance is decided, the
    /// replica answers finally. From here on it is signed: replicas ask for another leader only for what they can show to
    /// each other.
    mutating func sendAgain(_ slot: Int, _ effects: inout ClientEffects) {
        let missing = links.up.subtracting(calls[slot].replies.settled)
        guard !missing.isEmpty else { return }
        calls[slot].repetitions += 1
        send(slot, to: missing, &effects)
    }

    mutating func send(_ slot: Int, to targets: ReplicaSet, _ effects: inout ClientEffects) {
        calls[slot].targets = calls[slot].targets.union(targets)
        let request = calls[slot].request
        let isSigned = signing.isOn(at: now) || calls[slot].repetitions > 0
        if isSigned || calls[slot].refusals.isEmpty {
            return effects.send(request, to: targets, isSigned: isSigned, configuration)
        }
        let signed = calls[slot].refusals.replicas { $0 == .signatureRequired || $0 == .conflicting }
        let unsigned = targets.subtracting(signed)
        effects.send(request, to: unsigned, isSigned: false, configuration)
        effects.send(request, to: targets.subtracting(unsigned), isSigned: true, configuration)
    }

    // MARK: The end

    /// Ends the call; whoever calls this dispatches the session afterwards.
    mutating func finish(
        _ slot: Int, _ outcome: consuming Outcome, receipt: ReceiptEvidence? = nil, _ effects: inout ClientEffects
    ) {
        let place = Int(calls[slot].session.rawValue)
        switch calls[slot].phase {
        case .waiting: unlink(slot, fromWaitingOf: place)
        case .ordering, .receipting: sessions[place].end(calls[slot].requestID.sequence)
        case .reading: break
        case .free: preconditionFailure("a call ends once")
        }
        complete(slot, outcome, receipt: receipt, &effects)
    }

    /// The part of `finish` that concerns the call alone.
    mutating func complete(
        _ slot: Int, _ outcome: consuming Outcome, receipt: ReceiptEvidence? = nil, _ effects: inout ClientEffects
    ) {
        effects.completions.append(Completion(call: calls[slot].id, outcome: outcome, receipt: receipt))
        unfinishedCalls -= 1
        freeSlot(slot)
        if unfinishedCalls == 0 {
            timers.remove(0)
            nextWarning = configuration.warnAfter
        }
    }

    /// The outcome when no answer will be waited for any longer.
    func outcomeWithoutAnswer(_ slot: Int, _ failure: FailureReason, _ unknown: UnknownReason) -> Outcome {
        if let (result, certificate) = calls[slot].result { return .result(result, certificate) }
        guard calls[slot].wasSent else { return .failed(failure) }
        return calls[slot].kind == .read ? .failed(.readUnanswered) : .unknown(unknown)
    }

    mutating func close(_ effects: inout ClientEffects) {
        guard !isClosed else { return }
        isClosed = true
        for slot in calls.indices where calls[slot].phase != .free {
            if calls[slot].kind == .opening {
                freeSlot(slot)
            } else {
                finish(slot, outcomeWithoutAnswer(slot, .closed, .closed), &effects)
            }
        }
    }

    // MARK: Slots and lists

    mutating func takeSlot() -> Int {
        if let slot = freeSlots.popLast() { return slot }
        calls.append(PendingCall(client: configuration.client))
        return calls.count - 1
    }

    mutating func freeSlot(_ slot: Int) {
        timers.remove(slot + 1)
        calls[slot].phase = .free
        calls[slot].generation &+= 1
        calls[slot].payload = []
        calls[slot].reconfiguration = nil
        calls[slot].wasSent = false
        calls[slot].wantsReceipt = false
        calls[slot].result = nil
        calls[slot].forgetAnswers()
        freeSlots.append(slot)
    }

    private mutating func append(_ slot: Int, toWaitingOf place: Int) {
        let tail = sessions[place].waitingTail
        calls[slot].previous = tail
        calls[slot].next = -1
        if tail >= 0 { calls[tail].next = slot } else { sessions[place].waitingHead = slot }
        sessions[place].waitingTail = slot
    }

    private mutating func unlink(_ slot: Int, fromWaitingOf place: Int) {
        let (previous, next) = (calls[slot].previous, calls[slot].next)
        if previous >= 0 { calls[previous].next = next } else { sessions[place].waitingHead = next }
        if next >= 0 { calls[next].previous = previous } else { sessions[place].waitingTail = previous }
    }
}
