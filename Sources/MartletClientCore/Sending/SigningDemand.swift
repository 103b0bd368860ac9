// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Whether requests are to be signed. One replica's word is followed towards itself only; when one of those that ask
/// must be correct, everything is signed for a while.
struct SigningDemand {
    private let isAlways: Bool
    private let lasts: Interval
    private var asking = ReplicaSet()
    private var until = Instant.zero

    init(isAlways: Bool, lasts: Interval) {
        self.isAlways = isAlways
        self.lasts = lasts
    }

    func isOn(at now: Instant) -> Bool { isAlways || now < until }

    /// Into another view: what former members ask for counts no more.
    mutating func move(_ moves: MemberMoves) { asking = moves(asking) }

    /// Returns whether signing begins with this.
    mutating func asked(by replica: ReplicaIndex, at now: Instant, view: borrowing View) -> Bool {
        let wasOn = isOn(at: now)
        asking.insert(replica)
        guard view.isWeakCertificate(asking) else { return false }
        asking = ReplicaSet()
        until = now + lasts
        return !wasOn
    }
}
