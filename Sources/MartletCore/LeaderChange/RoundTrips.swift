// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How far away the other members are, by the echoes of this replica's last probes. A member may answer before it was asked,
/// or late: it then looks nearer or farther than it is, which is why nothing here rests on one member's word alone.
package struct RoundTrips: Sendable {
    /// So many probes of late count.
    static let kept = 4

    private struct Sent: Sendable {
        let sequence: SequenceNumber
        let at: Instant
        var echoes: ReplicaTable<Interval?>
    }

    private var view: View
    private let me: ReplicaIndex
    private var sent: [Sent] = []

    package init(view: View, me: ReplicaIndex) {
        self.view = view
        self.me = me
    }

    /// Other weights from here on.
    package mutating func begin(_ view: View) { self.view = view }

    package mutating func noteProbe(_ sequence: SequenceNumber, at now: Instant) {
        if sent.count == Self.kept { sent.removeFirst() }
        sent.append(Sent(sequence: sequence, at: now, echoes: ReplicaTable(repeating: nil, count: view.n)))
    }

    package mutating func noteEcho(_ sequence: SequenceNumber, from member: ReplicaIndex, at now: Instant) {
        guard let place = sent.firstIndex(where: { $0.sequence == sequence }), sent[place].echoes[member] == nil else {
            return
        }
        sent[place].echoes[member] = now.since(sent[place].at)
    }

    /// The middle one of the member's round trips, a missing echo being the longest; nil where too few came.
    package func roundTrip(to member: ReplicaIndex) -> Interval? {
        guard member != me else { return .zero }
        let echoes = sent.compactMap { $0.echoes[member] }.sorted()
        let middle = (sent.count - 1) / 2
        return sent.isEmpty || middle >= echoes.count ? nil : echoes[middle]
    }

    /// Within this round trip lies a quorum, this replica included; nil while none has answered. Members that answer too
    /// early make it no shorter than the way to the nearest correct ones, and those that answer late no longer than the way
    /// to the farthest.
    package var toQuorum: Interval? {
        var near: [(trip: Interval, member: ReplicaIndex)] = []
        for position in 0..<view.n {
            let member = ReplicaIndex(position)
            if let trip = roundTrip(to: member) { near.append((trip, member)) }
        }
        var voters = ReplicaSet()
        for (trip, member) in near.sorted(by: { $0.trip < $1.trip }) {
            voters.insert(member)
            if view.isQuorum(voters) { return trip }
        }
        return nil
    }
}
