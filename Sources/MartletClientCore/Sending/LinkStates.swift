// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Which replicas can be sent to.
struct LinkStates {
    private(set) var up = ReplicaSet()
    /// Which of the others turn the client away.
    private(set) var denied = ReplicaSet()
    /// By position; since when there has been no link.
    private var downSince: [Instant?]

    init(n: Int) { downSince = Array(repeating: nil, count: n) }

    /// The time from which links that never came up count as down.
    mutating func begin(at now: Instant) {
        for position in downSince.indices where downSince[position] == nil { downSince[position] = now }
    }

    /// Returns whether that is news.
    mutating func setUp(_ replica: ReplicaIndex) -> Bool {
        denied.remove(replica)
        return up.insert(replica)
    }

    mutating func setDenied(_ replica: ReplicaIndex, at now: Instant) {
        setDown(replica, at: now)
        denied.insert(replica)
    }

    mutating func setDown(_ replica: ReplicaIndex, at now: Instant) {
        guard up.contains(replica) else { return }
        up.remove(replica)
        downSince[replica.position] = now
    }

    func unreachableSince(_ replica: ReplicaIndex) -> Instant? {
        up.contains(replica) ? nil : downSince[replica.position]
    }
}
