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

    /// One correct replica's word suffices that the group does not serve this client, unless another serves it all the
    /// same. What was sent in better times still waits for its answer.
    mutating func onLinkDenied(_ id: ReplicaID, _ effects: inout ClientEffects) {
        links.setDenied(id, at: now)
        guard isDenied else { return }
        for slot in calls.indices where calls[slot].phase != .free && calls[slot].kind != .opening {
            if !calls[slot].wasSent { finish(slot, .failed(.accessDenied), &effects) }
        }
    }

    var isDenied: Bool { links.up.isEmpty && configuration.view.isWeakCertificate(links.denied) }

    /// Once the present members have shown that they are that, nobody else is needed.
    mutating func letFormerMembersGo(_ effects: inout ClientEffects) {
        if links.letFormerGo(configuration.view) { effects.audience = links.audience }
    }
}
