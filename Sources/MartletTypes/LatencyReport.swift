// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What one member has measured of all others: MEASURE(L^P, L^W) of adaptation §3. By the position of the members of one
/// view; its own place is 0. And what it has seen of consensus itself (§7).
package struct LatencyReport: Hashable, Sendable {
    package let proposals: [LinkLatency]
    package let votes: [LinkLatency]
    /// Whose votes and proposals were steadily later than what was reported of their links allows.
    package let late: ReplicaSet
    /// How long the last instances of a regency took here, from the arrival of the proposal to the decision: the median;
    /// missing while there were too few.
    package let took: LinkLatency
    /// Which regency that was: of two leaders' instances nothing can be told.
    package let regency: Regency

    package init(
        proposals: [LinkLatency], votes: [LinkLatency], late: ReplicaSet = ReplicaSet(), took: LinkLatency = .missing,
        regency: Regency = .none
    ) {
        precondition(proposals.count == votes.count)
        self.proposals = proposals
        self.votes = votes
        self.late = late
        self.took = took
        self.regency = regency
    }

    /// Whether anything is known of another member than its own.
    package func isInformative(of member: ReplicaIndex) -> Bool {
        votes.indices.contains { $0 != member.position && !(votes[$0].isMissing && proposals[$0].isMissing) }
    }
}

/// As the payload of the operation by which a member reports: the view whose members it is about and the regency, for each of them two
/// numbers of 32 bits, proposals first, then how long instances took, as one more; the largest means missing. At the end who is
/// late: a bit for each member, the first in the highest bit of the first byte, and the rest of the last byte 0.
extension LatencyReport {
    /// In a group of the most members.
    package static let payloadBytesMax = payloadBytes(of: ReplicaSet.membersMax)

    private static func payloadBytes(of n: Int) -> Int { 16 + 8 * n + 4 + (n + 7) / 8 }

    package func payload(in view: ViewNumber) -> Bytes {
        var bytes = Bytes()
        bytes.reserveCapacity(Self.payloadBytes(of: votes.count))
        for number in [view.rawValue, regency.rawValue] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        for latency in proposals + votes + [took] {
            for shift in stride(from: 24, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: latency.rawValue >> shift))
            }
        }
        var bits = Bytes(repeating: 0, count: (votes.count + 7) / 8)
        for member in late where member.position < votes.count {
            bits[member.position / 8] |= 0x80 >> UInt8(member.position % 8)
        }
        return bytes + bits
    }

    /// Nil unless it is about that view, has its length, and says nothing absurd: more than an hour that is not missing, a
    /// distance of the member from itself, or that it is late itself, or somebody who is no member.
    package init?(payload: Bytes, of member: ReplicaIndex, in view: ViewNumber, n: Int) {
        guard payload.count == Self.payloadBytes(of: n), member.position < n else { return nil }
        func number(at place: Int) -> UInt64 { payload[place..<place + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        guard number(at: 0) == view.rawValue else { return nil }
        var latencies: [LinkLatency] = []
        latencies.reserveCapacity(2 * n + 1)
        for place in stride(from: 16, to: 16 + 8 * n + 4, by: 4) {
            let number = payload[place..<place + 4].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
            let latency = LinkLatency(number)
            guard latency.rawValue == number else { return nil }
            latencies.append(latency)
        }
        var late = ReplicaSet()
        for (place, byte) in payload.suffix((n + 7) / 8).enumerated() {
            for bit in 0..<8 where byte & (0x80 >> UInt8(bit)) != 0 {
                guard place * 8 + bit < n else { return nil }
                late.insert(ReplicaIndex(place * 8 + bit))
            }
        }
        self.init(
            proposals: Array(latencies[..<n]), votes: Array(latencies[n..<2 * n]), late: late,
            took: latencies[2 * n], regency: Regency(number(at: 8)))
        guard proposals[member.position] == .zero, votes[member.position] == .zero, !late.contains(member) else {
            return nil
        }
    }
}
