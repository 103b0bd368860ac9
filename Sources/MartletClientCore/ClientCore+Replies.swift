// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Replies to ordered requests.
extension ClientCore {
    mutating func onReply(_ reply: Reply, from replica: ReplicaIndex, _ effects: inout ClientEffects) {
        guard isOfThisView(reply.view, replica, &effects), let slot = slot(awaiting: reply.request) else { return }
        guard let basis = basis(of: reply.finality), fits(reply.body, calls[slot].kind) else { return }
        calls[slot].refusals.forget(replica)
        guard let accepted = calls[slot].replies.count(basis, reply.body, from: replica, rule: rule) else { return }
        // Repeated ones too: were they left out, a wait that is too short would never become longer.
        orderedWait.measured(now.since(calls[slot].sent))
        if calls[slot].kind == .opening {
            onOpeningAccepted(slot, accepted.body, &effects)
        } else {
            onAccepted(slot, accepted, &effects)
        }
    }

    private mutating func onAccepted(_ slot: Int, _ accepted: ReplyTally.Accepted, _ effects: inout ClientEffects) {
        let handle = calls[slot].session
        switch accepted.body {
        case .result(let result) where calls[slot].wantsReceipt && givesReceipts:
            return beginReceipt(slot, result, certificate(accepted), &effects)
        case .result(let result):
            finish(slot, .result(result, certificate(accepted)), &effects)
        case .sessionUnknown:
            return onSessionEnded(handle, .sessionEvicted, &effects)
        case .accessDenied:
            return onSessionEnded(handle, .accessDenied, &effects)
        case .sequenceTooOld:
            finish(slot, withoutResult(slot, .sequenceTooOld), &effects)
        case .replyForgotten:
            finish(slot, withoutResult(slot, .replyForgotten), &effects)
        case .reconfigured(.follows(let view)):
            finish(slot, .result(Array("\(view)".utf8), certificate(accepted)), &effects)
        case .reconfigured(.refused(let reason)):
            finish(slot, .failed(.reconfigurationRefused(reason)), &effects)
        case .opened, .openingStale:
            preconditionFailure("no such reply to a call is counted")
        }
        dispatch(handle, &effects)
    }

    /// Members that speak an earlier version know nothing of receipts.
    private var givesReceipts: Bool { configuration.view.settings.protocolVersion >= ProtocolVersions.receipts }

    private func withoutResult(_ slot: Int, _ reason: UnknownReason) -> Outcome {
        calls[slot].kind == .read ? .failed(.readUnanswered) : .unknown(reason)
    }

    func certificate(_ accepted: ReplyTally.Accepted) -> ReplyCertificate {
        ReplyCertificate(
            view: configuration.view.number, basis: accepted.basis, voters: accepted.voters, memberIDs: memberIDs)
    }

    // MARK: What is counted

    /// What is said once its result is known changes nothing any more.
    func slot(awaiting id: RequestID) -> Int? {
        anySlot(awaiting: id).flatMap { calls[$0].phase == .ordering ? $0 : nil }
    }

    func anySlot(awaiting id: RequestID) -> Int? {
        guard id.client == configuration.client else { return nil }
        if id.session == .none { return openings.slot(of: id.sequence) }
        guard let handle = handles[id.session] else { return nil }
        return sessions[Int(handle.rawValue)].slot(of: id.sequence)
    }

    /// A tentative reply of another view's epoch contradicts itself.
    private func basis(of finality: Finality) -> ReplyCertificate.Basis? {
        switch finality {
        case .final: return .final
        case .tentative(let epoch, let instance):
            guard epoch.view == configuration.view.number else { return nil }
            return .tentative(epoch: epoch, instance: instance)
        }
    }

    private func fits(_ body: ReplyBody, _ kind: PendingCall.Kind) -> Bool {
        switch body {
        case .opened, .openingStale: kind == .opening
        case .result: kind == .operation || kind == .read
        case .reconfigured: kind == .reconfiguration
        case .sessionUnknown, .sequenceTooOld, .replyForgotten: kind != .opening
        case .accessDenied: true
        }
    }
}
