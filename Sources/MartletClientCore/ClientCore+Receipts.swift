// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Receipts (protocol §4): once the result is known, the replicas are asked to sign it. The call stays the session's until then, so that
/// they are not told that its reply is needed no more. Without a receipt it has its result all the same.
extension ClientCore {
    mutating func beginReceipt(
        _ slot: Int, _ result: Bytes, _ certificate: ReplyCertificate, _ effects: inout ClientEffects
    ) {
        calls[slot].forgetAnswers()
        calls[slot].phase = .receipting
        calls[slot].result = (result, certificate)
        askForReceipt(slot, from: links.up, &effects)
        scheduleRetry(slot)
    }

    mutating func askForReceipt(_ slot: Int, from targets: ReplicaSet, _ effects: inout ClientEffects) {
        guard !targets.isEmpty else { return }
        calls[slot].targets = calls[slot].targets.union(targets)
        effects.receiptFetches.append(ClientReceiptFetch(targets: targets, request: calls[slot].requestID))
    }

    /// Those whose share is missing. Whoever has not executed it finally yet gives none; whoever is a view ahead tells of that first,
    /// mostly unasked.
    mutating func askForReceiptAgain(_ slot: Int, _ effects: inout ClientEffects) {
        calls[slot].repetitions += 1
        let missing = links.up.subtracting(calls[slot].receipts.voted)
        for replica in missing { askForViews(memberIDs[replica.position], &effects) }
        // One that liars have spoiled by signing something else may still be whole when all are asked.
        askForReceipt(slot, from: missing.isEmpty ? links.up : missing, &effects)
    }

    mutating func onReceiptShare(_ share: ReceiptShare, from replica: ReplicaIndex, _ effects: inout ClientEffects) {
        guard isOfThisView(share.statement.view, replica, &effects), let slot = anySlot(awaiting: share.request),
            calls[slot].phase == .receipting
        else { return }
        guard let certificate = calls[slot].receipts.count(share, from: replica, in: configuration.view) else { return }
        endReceipt(slot, ReceiptEvidence(request: calls[slot].request, certificate: certificate), &effects)
    }

    /// Ends a call whose result is known, with a receipt or without one.
    mutating func endReceipt(_ slot: Int, _ evidence: ReceiptEvidence?, _ effects: inout ClientEffects) {
        guard let (result, certificate) = calls[slot].result else { preconditionFailure("a receipt without a result") }
        let handle = calls[slot].session
        finish(slot, .result(result, certificate), receipt: evidence, &effects)
        dispatch(handle, &effects)
    }
}
