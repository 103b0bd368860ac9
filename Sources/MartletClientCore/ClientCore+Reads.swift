// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Unordered reads (protocol §4): replies from a quorum must match in view, version and result, or the read is ordered.
extension ClientCore {
    mutating func beginReading(_ slot: Int, _ effects: inout ClientEffects) {
        calls[slot].phase = .reading
        calls[slot].sent = now
        sendRead(slot, to: links.up, &effects)
        scheduleFallback(slot)
    }

    mutating func sendRead(_ slot: Int, to targets: ReplicaSet, _ effects: inout ClientEffects) {
        guard !targets.isEmpty else { return }
        calls[slot].wasSent = true
        calls[slot].targets = calls[slot].targets.union(targets)
        let number = ReadNumber(slot: slot, generation: calls[slot].generation)
        let request = ReadRequest(number: number.rawValue, query: calls[slot].payload)
        effects.reads.append(ClientRead(targets: targets, request: request))
    }

    /// The fallback's time has come. While nobody could be asked, there is nothing to fall back from.
    mutating func onReadTimer(_ slot: Int, _ effects: inout ClientEffects) {
        if calls[slot].targets.isEmpty { return scheduleFallback(slot) }
        // Too few answers in this time: the next read is given more. (Enough that differ is no question of time.)
        if !rule.isQuorum(calls[slot].replies.voted) { readWait.measured(now.since(calls[slot].sent)) }
        fallBack(slot, &effects)
    }

    private mutating func scheduleFallback(_ slot: Int) {
        timers.set(slot + 1, at: min(now + readWait.wait(repetitions: 0), calls[slot].deadline))
    }

    mutating func onReadReply(_ reply: ReadReply, from replica: ReplicaIndex, _ effects: inout ClientEffects) {
        guard isOfThisView(reply.view, replica, &effects), let slot = slot(reading: reply.number) else { return }
        calls[slot].refusals.forget(replica)
        let accepted = calls[slot].replies.count(
            .read(version: reply.version), .result(reply.result), from: replica, rule: rule)
        if let accepted {
            readWait.measured(now.since(calls[slot].sent))
            return finish(slot, .result(reply.result, certificate(accepted)), &effects)
        }
        fallBackIfHopeless(slot, &effects)
    }

    func slot(reading number: UInt64) -> Int? {
        guard let name = ReadNumber(number), name.slot < calls.count, calls[name.slot].phase == .reading,
            name == ReadNumber(slot: name.slot, generation: calls[name.slot].generation)
        else { return nil }
        return name.slot
    }

    /// A replica that refuses counts as one that will say nothing: asking it again would take as long as ordering.
    mutating func fallBackIfHopeless(_ slot: Int, _ effects: inout ClientEffects) {
        let refusing = calls[slot].refusals.replicas { _ in true }
        let ordered = calls[slot].refusals.replicas(saying: .readsAreOrdered)
        let isHopeful = calls[slot].replies.isHopeful(
            without: refusing, everyone: configuration.view.everyone, rule: rule)
        if !isHopeful || configuration.view.isWeakCertificate(ordered) { fallBack(slot, &effects) }
    }

    private mutating func fallBack(_ slot: Int, _ effects: inout ClientEffects) {
        calls[slot].forgetAnswers()
        enqueue(slot, &effects)
    }
}
