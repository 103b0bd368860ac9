// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// M̂^P and M̂^W of adaptation §3, as a replica needs them to say when a vote should be here: of each link the slower of what
/// its two ends report.
struct LinkTable: Sendable {
    private let n: Int
    private let proposals: [LinkLatency]
    private let votes: [LinkLatency]

    /// By position in the view; nil where a member reported nothing of late.
    init(_ reports: [LatencyReport?]) {
        n = reports.count
        proposals = Self.sanitized(reports.map { $0?.proposals })
        votes = Self.sanitized(reports.map { $0?.votes })
    }

    /// In microseconds; nil where it is missing.
    func ofProposals(_ from: Int, _ to: Int) -> Int64? { Self.microseconds(proposals[from * n + to]) }

    func ofVotes(_ from: Int, _ to: Int) -> Int64? { Self.microseconds(votes[from * n + to]) }

    private static func microseconds(_ latency: LinkLatency) -> Int64? {
        latency.isMissing ? nil : Int64(latency.rawValue)
    }

    private static func sanitized(_ rows: [[LinkLatency]?]) -> [LinkLatency] {
        var all: [LinkLatency] = []
        all.reserveCapacity(rows.count * rows.count)
        for (from, row) in rows.enumerated() {
            for (to, back) in rows.enumerated() {
                guard from != to else {
                    all.append(.zero)
                    continue
                }
                // What is missing is the largest.
                all.append(max(row?[to] ?? .missing, back?[from] ?? .missing))
            }
        }
        return all
    }
}
