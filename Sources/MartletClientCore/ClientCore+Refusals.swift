// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// One replica's own refusals. They are not ordered, so each reason has its own number of replicas that it takes.
extension ClientCore {
    mutating func onRefusal(_ refusal: Refusal, from replica: ReplicaIndex, _ effects: inout ClientEffects) {
        if let slot = slot(reading: refusal.request.sequence.rawValue) {
            _ = calls[slot].refusals.note(refusal.reason, from: replica, of: configuration.view.n)
            return fallBackIfHopeless(slot, &effects)
        }
        guard let slot = slot(awaiting: refusal.request), !calls[slot].replies.settled.contains(replica) else { return }
        let isNew = calls[slot].refusals.note(refusal.reason, from: replica, of: configuration.view.n)
        let agreeing = calls[slot].refusals.replicas(saying: refusal.reason)
        switch refusal.reason {
        case .signatureRequired, .conflicting:
            onSignatureDemand(slot, refusal.reason, by: replica, isNew: isNew, agreeing, &effects)
        case .payloadTooLarge, .viewEnded:
            // These follow from the view, so a correct replica's word holds for all. (Whoever has ended a view has decided
            // all of it, and an operation on the group has no effect in another.)
            guard configuration.view.isWeakCertificate(agreeing) else { return }
            onRefusedForGood(slot, refusal.reason, &effects)
        case .notAuthorised:
            // One that is behind knows the former administrators only. Of a quorum some correct one knows the newest.
            guard configuration.view.isQuorum(agreeing) else { return }
            onRefusedForGood(slot, refusal.reason, &effects)
        case .accessDenied:
            onDenied(slot, &effects)
        case .sessionUnknown, .sequenceTooOld:
            onOutdated(slot, refusal.reason, agreeing, &effects)
        case .overloaded, .notServing, .readsAreOrdered:
            // It is asked again when the call's retry is due, which backs off.
            break
        }
    }

    private mutating func onSignatureDemand(
        _ slot: Int, _ reason: RefusalReason, by replica: ReplicaIndex, isNew: Bool, _ agreeing: ReplicaSet,
        _ effects: inout ClientEffects
    ) {
        if signing.asked(by: replica, at: now, view: configuration.view) { effects.notices.append(.signingBegun) }
        if calls[slot].kind == .opening && reason == .conflicting && configuration.view.isWeakCertificate(agreeing) {
            // Another process with this key has used the number.
            return openAgain(slot, &effects)
        }
        // Once at once; a replica that goes on asking is answered when the retry is due.
        if isNew { send(slot, to: ReplicaSet(only: replica), &effects) }
    }

    private mutating func onRefusedForGood(_ slot: Int, _ reason: RefusalReason, _ effects: inout ClientEffects) {
        let handle = calls[slot].session
        let failure: FailureReason =
            switch reason {
            case .notAuthorised:
                .reconfigurationRefused("too few of the group's administrators have signed it, or others have")
            case .viewEnded:
                .reconfigurationRefused("another operation of the administrators was done since it was made")
            default:
                .payloadTooLarge(
                    bytes: calls[slot].payload.count, bytesMax: configuration.view.settings.requestBytesMax)
            }
        if calls[slot].kind == .opening {
            return giveUpOpening(slot, failure, &effects)
        }
        finish(slot, .failed(failure), &effects)
        dispatch(handle, &effects)
    }

    /// One that is behind has not heard yet that the client was admitted, and of such there may be more than f; but what was done for sure
    /// was done by a quorum, and any two share a correct replica. So it takes a quorum to believe it, be it told of the request or when
    /// the client connected.
    mutating func onDenied(_ slot: Int, _ effects: inout ClientEffects) {
        let refusing = calls[slot].refusals.replicas(saying: .accessDenied)
        guard !refusing.isEmpty, configuration.view.isQuorum(refusing.union(links.denied)) else { return }
        if calls[slot].kind == .opening { return giveUpOpening(slot, .accessDenied, &effects) }
        onSessionEnded(calls[slot].session, .accessDenied, &effects)
    }

    /// A replica that is behind refuses what others would take; so it needs a quorum of them to believe that a session
    /// is gone: one of them is correct and had the session opened.
    private mutating func onOutdated(
        _ slot: Int, _ reason: RefusalReason, _ agreeing: ReplicaSet, _ effects: inout ClientEffects
    ) {
        if calls[slot].kind == .opening {
            // Its number is below the last one; a new number does no harm even if it was executed.
            let isStale = reason == .sequenceTooOld && configuration.view.isWeakCertificate(agreeing)
            return isStale ? openAgain(slot, &effects) : ()
        }
        guard configuration.view.isQuorum(agreeing) else { return }
        let handle = calls[slot].session
        if reason == .sessionUnknown { return onSessionEnded(handle, .sessionEvicted, &effects) }
        let outcome: Outcome =
            calls[slot].kind == .read ? .failed(.readUnanswered) : .unknown(.sequenceTooOld)
        finish(slot, outcome, &effects)
        dispatch(handle, &effects)
    }
}
