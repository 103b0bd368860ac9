// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How much of what members ask for is handed to each: questions of a few bytes have answers of megabytes, and a liar that asks
/// without end must not take a replica's time from the others (protocol §9). Who is not served asks again, another first.
package struct ServingPace: Sendable {
    /// What was not used is kept for so long.
    package static var creditMax: Interval { .milliseconds(200) }

    private let nanosecondsPerByte: UInt64
    private var due: ReplicaTable<Instant>

    /// What every byte costs the one who is served: 25 are 40 MB a second at most, in the long run, and some 8 MB at once.
    package init(n: Int, nanosecondsPerByte: UInt64 = 25) {
        self.nanosecondsPerByte = nanosecondsPerByte
        due = ReplicaTable(repeating: .zero, count: n)
    }

    package mutating func follow(_ move: PeerMove) { due.follow(move, fresh: .zero) }

    package func due(_ member: ReplicaIndex) -> Instant { due[member] }

    package func allows(_ member: ReplicaIndex, at now: Instant) -> Bool { due[member] <= now }

    package mutating func note(_ bytes: Int, to member: ReplicaIndex, at now: Instant) {
        let earliest = Instant(now.rawValue - min(now.rawValue, Self.creditMax.nanoseconds))
        due[member] =
            max(due[member], earliest) + Interval(nanoseconds: UInt64(max(0, bytes)) * nanosecondsPerByte)
    }
}
