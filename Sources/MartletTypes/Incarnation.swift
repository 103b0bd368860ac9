// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A member that lost its votes and was admitted again (protocol §7): only a replica that runs with this number may vote for it,
/// from that view on until the next of its incarnations is admitted.
package struct Incarnation: Hashable, Sendable {
    package let replica: ReplicaID
    /// Random, not 0: that is a member's first start.
    package let number: UInt64
    /// The agreed time of the instance by which it was admitted.
    package let admitted: Timestamp
    /// How often in a row that was: each time the member waits twice as long until it is admitted again.
    package let times: Int

    package static let timesMax = 14
    /// Whoever was not admitted again for so many times what it had to wait begins anew.
    static let waitsUntilForgiven: UInt64 = 64

    package init(replica: ReplicaID, number: UInt64, admitted: Timestamp, times: Int = 1) {
        self.replica = replica
        self.number = number
        self.admitted = admitted
        self.times = times
    }

    /// For how long no other incarnation of the member is admitted, in microseconds of agreed time.
    package func wait(_ settings: GroupSettings) -> UInt64 {
        UInt64(settings.rejoinMilliseconds) * 1_000 << UInt64(times - 1)
    }

    /// The next one of the same member; nil while it must wait.
    package func following(_ number: UInt64, at time: Timestamp, _ settings: GroupSettings) -> Incarnation? {
        let passed = time.rawValue - min(time.rawValue, admitted.rawValue)
        let wait = wait(settings)
        guard number != self.number, passed >= wait else { return nil }
        let isForgiven = passed / Self.waitsUntilForgiven >= wait
        return Incarnation(
            replica: replica, number: number, admitted: time, times: isForgiven ? 1 : min(Self.timesMax, times + 1))
    }
}

/// REJOIN: what a member orders that has lost its votes, as an operation of its own. It counts in the view that it names, so that
/// nobody can bring back an incarnation that is gone.
package struct Rejoin: Hashable, Sendable {
    package let view: ViewNumber
    package let incarnation: UInt64

    package init(view: ViewNumber, incarnation: UInt64) {
        self.view = view
        self.incarnation = incarnation
    }

    package static let payloadBytes = 16

    package var payload: Bytes {
        [view.rawValue, incarnation].flatMap { number in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
        }
    }

    /// Nil unless it has its length.
    package init?(payload: Bytes) {
        guard payload.count == Self.payloadBytes else { return nil }
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        self.init(view: ViewNumber(number(payload[..<8])), incarnation: number(payload[8...]))
    }
}
