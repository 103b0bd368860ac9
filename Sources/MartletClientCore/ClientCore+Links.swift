// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Links that come and go.
extension ClientCore {
    mutating func onLinkUp(_ id: ReplicaID, _ newestView: ViewNumber, _ effects: inout ClientEffects) {
        guard !isClosed, links.setUp(id, newestView: newestView) else { return }
        if newestView > configuration.view.number { askForViews(id, &effects) }
        letFormerMembersGo(&effects)
        guard let replica = configuration.view.index(of: id) else { return }
        let target = ReplicaSet(only: replica)
        for slot in calls.indices {
            switch calls[slot].phase {
            case .free, .waiting: break
            case .reading:
                if !calls[slot].replies.voted.contains(replica) { sendRead(slot, to: target, &effects) }
            case .ordering:
                if !calls[slot].replies.settled.contains(replica) { send(slot, to: target, &effects) }
            case .receipting:
                if !calls[slot].receipts.voted.contains(replica) { askForReceipt(slot, from: target, &effects) }
            }
        }
        beginOpenings(&effects)
        for place in sessions.indices { dispatch(SessionHandle(UInt32(place)), &effects) }
    }

    mutating func onLinkDown(_ id: ReplicaID) { links.setDown(id, at: now) }

    /// A quorum's word is needed that the group does not serve this client: some may not have heard yet that it was admitted, and whoever
    /// lets it in all the same may lie. No answer can come any more then: its sessions have ended, and a quorum is not to be had.
    mutating func onLinkDenied(_ id: ReplicaID, _ effects: inout ClientEffects) {
        links.setDenied(id, at: now)
        for slot in calls.indices where calls[slot].phase == .ordering { onDenied(slot, &effects) }
        guard isDenied else { return }
        for slot in calls.indices where calls[slot].phase != .free && calls[slot].kind != .opening {
            if let (result, certificate) = calls[slot].result {
                finish(slot, .result(result, certificate), &effects)
            } else if calls[slot].wasSent, calls[slot].kind != .read {
                finish(slot, .unknown(.accessDenied), &effects)
            } else {
                finish(slot, .failed(.accessDenied), &effects)
            }
        }
    }

    var isDenied: Bool { configuration.view.isQuorum(links.denied) }

    /// Once the present members have shown that they are that, nobody else is needed.
    mutating func letFormerMembersGo(_ effects: inout ClientEffects) {
        if links.letFormerGo(configuration.view) { effects.audience = links.audience }
    }
}
