// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Links that come and go.
extension ClientCore {
    mutating func onLinkUp(_ id: ReplicaID, _ effects: inout ClientEffects) {
        guard !isClosed, let replica = configuration.view.index(of: id), links.setUp(replica) else { return }
        let target = ReplicaSet(CollectionOfOne(replica))
        for slot in calls.indices {
            switch calls[slot].phase {
            case .free, .waiting: break
            case .reading:
                if !calls[slot].replies.voted.contains(replica) { sendRead(slot, to: target, &effects) }
            case .ordering:
                if !calls[slot].replies.settled.contains(replica) { send(slot, to: target, &effects) }
            }
        }
        beginOpenings(&effects)
        for place in sessions.indices { dispatch(SessionHandle(UInt32(place)), &effects) }
    }

    mutating func onLinkDown(_ id: ReplicaID) {
        guard let replica = configuration.view.index(of: id) else { return }
        links.setDown(replica, at: now)
    }
}
