// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Reports that it is next to all its fellow conspirators, who report the same: no correct member can measure otherwise. Accuses
/// everybody else of being late, and says that instances take it no time.
struct FalseNeighbour: Misbehaviour {
    let kind = LiarKind.falseNeighbour

    mutating func makeUp(_ operation: ReplicaOperation, _ context: inout LiarContext) -> ReplicaOperation? {
        guard let position = context.position,
            let report = LatencyReport(
                payload: operation.request.payload, of: position, in: context.view.number, n: context.view.n)
        else { return nil }
        context.acts += 1
        let request = Request(
            id: operation.request.id, kind: .measure, repliesKeptFrom: SequenceNumber(0),
            payload: lie(report, context).payload(in: context.view.number))
        return ReplicaOperation(request: request)
    }

    private func lie(_ report: LatencyReport, _ context: borrowing LiarContext) -> LatencyReport {
        var (proposals, votes) = (report.proposals, report.votes)
        let fellows = ReplicaSet(context.conspiracy.neighbours.compactMap { context.view.index(of: $0) })
        for fellow in fellows where fellow != context.position {
            proposals[fellow.position] = LinkLatency(1)
            votes[fellow.position] = LinkLatency(1)
        }
        return LatencyReport(
            proposals: proposals, votes: votes,
            late: ReplicaSet(context.otherPositions.filter { !fellows.contains($0) }),
            took: LinkLatency(1), regency: report.regency)
    }
}
