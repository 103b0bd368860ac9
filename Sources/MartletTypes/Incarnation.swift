// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// A member that lost its votes and was admitted again (protocol §7), or that was started with a program which speaks other versions of the
/// protocol (§8): only a replica that runs with this number may vote for it, from that view on until the next of its incarnations is
/// admitted.
package struct Incarnation: Hashable, Sendable {
    package let replica: ReplicaID
    /// Random; 0 is a member's first start.
    package let number: UInt64
    /// The agreed time of the instance by which it was admitted.
    package let admitted: Timestamp
    /// What it said that it speaks.
    package let versions: ProtocolVersions
    /// How often in a row that was: each time the member waits twice as long until it is admitted again.
    package let times: Int

    package static let timesMax = 14
    /// Whoever was not admitted again for so many times what it had to wait begins anew.
    static let waitsUntilForgiven: UInt64 = 64

    package init(
        replica: ReplicaID, number: UInt64, admitted: Timestamp, versions: ProtocolVersions = .supported,
        times: Int = 1
    ) {
        self.replica = replica
        self.number = number
        self.admitted = admitted
        self.versions = versions
        self.times = times
    }

    /// For how long no other incarnation of the member is admitted, in microseconds of agreed time.
    package func wait(_ settings: GroupSettings) -> UInt64 {
        UInt64(settings.rejoinMilliseconds) * 1_000 << UInt64(times - 1)
    }

    /// The next one of the same member, or the same one with other versions; nil while it must wait.
    package func following(_ rejoin: Rejoin, at time: Timestamp, _ settings: GroupSettings) -> Incarnation? {
        let passed = time.rawValue - min(time.rawValue, admitted.rawValue)
        let wait = wait(settings)
        let isAnother = rejoin.incarnation != number && rejoin.incarnation > 0
        guard isAnother || rejoin.incarnation == number && rejoin.versions != versions, passed >= wait else {
            return nil
        }
        let isForgiven = passed / Self.waitsUntilForgiven >= wait
        return Incarnation(
            replica: replica, number: rejoin.incarnation, admitted: time, versions: rejoin.versions,
            times: isForgiven ? 1 : min(Self.timesMax, times + 1))
    }
}

/// REJOIN: what a member orders that has lost its votes, or that speaks other versions of the protocol than its view says, as an
/// operation of its own; and a learner that is close behind. It counts in the view that it names, so that nobody can bring back an
/// incarnation that is gone.
package struct Rejoin: Hashable, Sendable {
    package let view: ViewNumber
    package let incarnation: UInt64
    /// What its program speaks.
    package let versions: ProtocolVersions

    package init(view: ViewNumber, incarnation: UInt64, versions: ProtocolVersions = .supported) {
        self.view = view
        self.incarnation = incarnation
        self.versions = versions
    }

    package static let payloadBytes = 20

    package var payload: Bytes {
        func bytes(_ number: UInt64, count: Int) -> Bytes {
            (0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
        }
        return bytes(view.rawValue, count: 8) + bytes(incarnation, count: 8)
            + bytes(UInt64(versions.lowest), count: 2) + bytes(UInt64(versions.highest), count: 2)
    }

    /// Nil unless it has its length, and versions that can be.
    package init?(payload: Bytes) {
        guard payload.count == Self.payloadBytes else { return nil }
        func number(_ range: Range<Int>) -> UInt64 { payload[range].reduce(0) { $0 << 8 | UInt64($1) } }
        let (lowest, highest) = (UInt16(number(16..<18)), UInt16(number(18..<20)))
        guard lowest >= 1, lowest <= highest else { return nil }
        self.init(
            view: ViewNumber(number(0..<8)), incarnation: number(8..<16),
            versions: ProtocolVersions(lowest: lowest, highest: highest))
    }
}
