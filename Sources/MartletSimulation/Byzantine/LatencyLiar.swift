// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Lies about how far away it is: answers late, twice, or not at all; answers what it was never asked, what it was asked long
/// ago, or what others were; names another digest; and asks without pause. What it reports is too low or too high, no report at
/// all, another for each, or what it reported before.
struct LatencyLiar: Misbehaviour {
    private enum Deed: String, CaseIterable {
        case late = "response late"
        case silent = "response left out"
        case twice = "response twice"
        case wrongDigest = "response with another digest"
        case early = "response to nothing"
        case replayed = "response replayed"
        case anothers = "response to another's challenge"
        case flood = "flood of challenges"
        case low = "report too low"
        case high = "report too high"
        case malformed = "report malformed"
        case forEach = "another report for each"
        case accusing = "report that all are late"
        case reported = "report replayed"
    }

    private static let keptMax = 64

    let kind = LiarKind.latencyLiar
    private let deeds: [Deed]
    /// Numbers that it was asked, by whom.
    private var asked: [(number: UInt64, by: ReplicaID)] = []
    /// Operations of its own.
    private var reports: [ReplicaOperation] = []

    init(_ context: inout LiarContext) {
        var all = Deed.allCases
        context.random.shuffle(&all)
        deeds = Array(all.prefix(context.random.number(in: 2...5)))
    }

    mutating func observe(_ message: PeerMessage, from sender: ReplicaID) {
        guard case .challenge(let challenge) = message else { return }
        asked.append((challenge.number, sender))
        if asked.count > Self.keptMax { asked.removeFirst() }
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        let deed = context.random.pick(deeds)
        var made: [Outgoing] = []
        for place in outgoing.indices {
            switch outgoing[place].message {
            case .challengeResponse(let response): alter(response, at: place, &outgoing, &made, deed, &context)
            case .operation(let operation):
                keep(operation)
                guard let lie = lie(operation, deed, &context) else { continue }
                outgoing[place].message = lie
                context.acted(.named(deed.rawValue))
            default: continue
            }
        }
        if made.isEmpty, context.random.chance(permille: 30) { made = inventions(deed, &context) }
        if !made.isEmpty { context.acted(.named(deed.rawValue), times: made.count) }
        outgoing += made
    }

    private mutating func alter(
        _ response: ChallengeResponse, at place: Int, _ outgoing: inout [Outgoing], _ made: inout [Outgoing],
        _ deed: Deed, _ context: inout LiarContext
    ) {
        switch deed {
        case .late: outgoing[place].delay = context.random.interval(upTo: .milliseconds(200))
        // To nobody is never sent: it goes to the liar itself, which is asked nothing.
        case .silent: outgoing[place].delay = .seconds(100_000)
        case .twice: made.append(outgoing[place])
        case .wrongDigest:
            outgoing[place].message = .challengeResponse(
                ChallengeResponse(number: response.number, digest: context.junkDigest()))
        default: return
        }
        context.acted(.named(deed.rawValue))
    }

    private func inventions(_ deed: Deed, _ context: inout LiarContext) -> [Outgoing] {
        let numbers: [(number: UInt64, to: ReplicaID)]
        switch deed {
        case .early: numbers = context.others.map { (context.random.next(), $0) }
        case .replayed: numbers = asked.map { ($0.number, $0.by) }
        case .anothers: numbers = asked.map { ($0.number, context.random.pick(context.others)) }
        case .flood:
            return context.others.flatMap { other in
                (0..<8).map { _ in Outgoing(.challenge(Challenge(.vote, number: context.random.next())), to: other) }
            }
        case .reported:
            guard let report = reports.isEmpty ? nil : context.random.pick(reports) else { return [] }
            return context.others.map { Outgoing(.operation(report), to: $0) }
        default: return []
        }
        return numbers.map {
            Outgoing(.challengeResponse(ChallengeResponse(number: $0.number, digest: nil)), to: $0.to)
        }
    }

    // MARK: Reports

    private mutating func keep(_ operation: ReplicaOperation) {
        reports.append(operation)
        if reports.count > Self.keptMax { reports.removeFirst() }
    }

    /// Under the same number, signed by itself; nil where the deed is another.
    private func lie(
        _ operation: ReplicaOperation, _ deed: Deed, _ context: inout LiarContext
    ) -> PeerMessage? {
        let payload: Bytes
        switch deed {
        case .low: payload = report(1, context)
        case .high: payload = report(3_000_000_000, context)
        case .forEach: payload = report(UInt32(context.random.number(in: 1...900_000)), context)
        case .accusing: payload = accusation(of: operation, context)
        case .malformed:
            payload = (0..<context.random.below(80)).map { _ in UInt8(truncatingIfNeeded: context.random.next()) }
        default: return nil
        }
        let request = Request(
            id: operation.request.id, kind: .measure, repliesKeptFrom: SequenceNumber(0), payload: payload)
        return context.seal(.operation(ReplicaOperation(request: request)))
    }

    /// Its report as it was, but for who is late and how long instances took.
    private func accusation(of operation: ReplicaOperation, _ context: borrowing LiarContext) -> Bytes {
        let view = context.view
        guard let position = context.position,
            let report = LatencyReport(
                payload: operation.request.payload, of: position, in: view.number, n: view.n)
        else { return operation.request.payload }
        return LatencyReport(
            proposals: report.proposals, votes: report.votes, late: context.otherPositions,
            took: LinkLatency(report.took.isMissing ? 1 : report.took.rawValue / 2), regency: report.regency
        ).payload(in: view.number)
    }

    private func report(_ microseconds: UInt32, _ context: borrowing LiarContext) -> Bytes {
        var latencies = Array(repeating: LinkLatency(microseconds), count: context.view.n)
        if let position = context.position { latencies[position.position] = .zero }
        return LatencyReport(proposals: latencies, votes: latencies).payload(in: context.view.number)
    }
}
