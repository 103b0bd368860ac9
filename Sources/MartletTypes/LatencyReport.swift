// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What one member has measured of all others: MEASURE(L^P, L^W) of adaptation §3. By the position of the members of one
/// view; its own place is 0.
package struct LatencyReport: Hashable, Sendable {
    package let proposals: [LinkLatency]
    package let votes: [LinkLatency]

    package init(proposals: [LinkLatency], votes: [LinkLatency]) {
        precondition(proposals.count == votes.count)
        self.proposals = proposals
        self.votes = votes
    }

    /// Whether anything is known of another member than its own.
    package func isInformative(of member: ReplicaIndex) -> Bool {
        votes.indices.contains { $0 != member.position && !(votes[$0].isMissing && proposals[$0].isMissing) }
    }
}

/// As the payload of the operation by which a member reports: the view whose members it is about, and for each of them two
/// numbers of 32 bits, proposals first; the largest means missing.
extension LatencyReport {
    /// In a group of the most members.
    package static let payloadBytesMax = 8 + 8 * ReplicaSet.membersMax

    package func payload(in view: ViewNumber) -> Bytes {
        var bytes = Bytes()
        bytes.reserveCapacity(8 + 8 * votes.count)
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: view.rawValue >> shift))
        }
        for latency in proposals + votes {
            for shift in stride(from: 24, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: latency.rawValue >> shift))
            }
        }
        return bytes
    }

    /// Nil unless it is about that view, has its length, and says nothing absurd: more than an hour that is not missing, or a
    /// distance of the member from itself.
    package init?(payload: Bytes, of member: ReplicaIndex, in view: ViewNumber, n: Int) {
        guard payload.count == 8 + 8 * n, member.position < n else { return nil }
        guard payload.prefix(8).reduce(0 as UInt64, { $0 << 8 | UInt64($1) }) == view.rawValue else { return nil }
        var latencies: [LinkLatency] = []
        latencies.reserveCapacity(2 * n)
        for place in stride(from: 8, to: payload.count, by: 4) {
            let number = payload[place..<place + 4].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
            let latency = LinkLatency(number)
            guard latency.rawValue == number else { return nil }
            latencies.append(latency)
        }
        self.init(proposals: Array(latencies[..<n]), votes: Array(latencies[n...]))
        guard proposals[member.position] == .zero, votes[member.position] == .zero else { return nil }
    }
}
