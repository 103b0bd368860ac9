// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How far away each other member is, by its answers to this replica's challenges: for votes, and for proposals, which are
/// larger (adaptation §2).
package struct LatencyMonitor: Sendable {
    package enum Path: Hashable, Sendable, CaseIterable {
        case votes
        case proposals
    }

    /// The fewest samples that a median is made of.
    private static let keptMin = 5

    private let limits: SampleWindow.Limits
    private var votes: ReplicaTable<SampleWindow>
    private var proposals: ReplicaTable<SampleWindow>

    package init(n: Int, limits: SampleWindow.Limits) {
        self.limits = limits
        votes = ReplicaTable(repeating: SampleWindow(), count: n)
        // Of n members each measures proposals in its turn only: its samples must not be n times as old.
        proposals = ReplicaTable(
            repeating: SampleWindow(capacity: max(Self.keptMin, SampleWindow.kept / n)), count: n)
    }

    package mutating func follow(_ move: PeerMove, n: Int) {
        votes.follow(move, fresh: SampleWindow(), count: n)
        proposals.follow(
            move, fresh: SampleWindow(capacity: max(Self.keptMin, SampleWindow.kept / n)), count: n)
    }

    package func mayAsk(_ member: ReplicaIndex, about path: Path, at now: Instant) -> Bool {
        window(of: member, path).mayAsk(at: now, limits)
    }

    package mutating func noteChallenge(
        _ number: UInt64, to member: ReplicaIndex, about path: Path, expecting digest: Digest?, at now: Instant
    ) {
        switch path {
        case .votes: votes[member].noteChallenge(number, expecting: digest, at: now)
        case .proposals: proposals[member].noteChallenge(number, expecting: digest, at: now)
        }
    }

    /// Only what that very member was asked counts.
    package mutating func noteResponse(_ response: ChallengeResponse, from member: ReplicaIndex, at now: Instant) {
        if !votes[member].noteResponse(response, at: now) {
            _ = proposals[member].noteResponse(response, at: now)
        }
    }

    /// Where no proposal was measured of late, it is taken to be as fast as votes are.
    package func latency(to member: ReplicaIndex, of path: Path, at now: Instant) -> LinkLatency {
        let ofVotes = votes[member].median(at: now, limits)
        switch path {
        case .votes: return ofVotes ?? .missing
        case .proposals: return proposals[member].median(at: now, limits) ?? ofVotes ?? .missing
        }
    }

    /// The most challenges that are kept of one member.
    package var mostOfOneMember: Int {
        zip(votes.all, proposals.all).map { $0.count + $1.count }.max() ?? 0
    }

    private func window(of member: ReplicaIndex, _ path: Path) -> SampleWindow {
        switch path {
        case .votes: votes[member]
        case .proposals: proposals[member]
        }
    }
}
