// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Lies about how far away it is: answers late, twice, or not at all; answers what it was never asked, what it was asked long
/// ago, or what others were; names another digest; and asks without pause.
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
    }

    private static let keptMax = 64

    let kind = LiarKind.latencyLiar
    private let deeds: [Deed]
    /// Numbers that it was asked, by whom.
    private var asked: [(number: UInt64, by: ReplicaIndex)] = []

    init(_ context: inout LiarContext) {
        var all = Deed.allCases
        context.random.shuffle(&all)
        deeds = Array(all.prefix(context.random.number(in: 2...4)))
    }

    mutating func observe(_ message: PeerMessage, from sender: ReplicaIndex) {
        guard case .challenge(let challenge) = message else { return }
        asked.append((challenge.number, sender))
        if asked.count > Self.keptMax { asked.removeFirst() }
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        let deed = context.random.pick(deeds)
        var made: [Outgoing] = []
        for place in outgoing.indices {
            guard case .challengeResponse(let response) = outgoing[place].message else { continue }
            alter(response, at: place, &outgoing, &made, deed, &context)
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
        case .early, .replayed, .anothers, .flood: return
        }
        context.acted(.named(deed.rawValue))
    }

    private func inventions(_ deed: Deed, _ context: inout LiarContext) -> [Outgoing] {
        let numbers: [(number: UInt64, to: ReplicaIndex)]
        switch deed {
        case .early: numbers = context.others.map { (context.random.next(), $0) }
        case .replayed: numbers = asked.map { ($0.number, $0.by) }
        case .anothers: numbers = asked.map { ($0.number, context.random.pick(context.others)) }
        case .flood:
            return context.others.flatMap { other in
                (0..<8).map { _ in Outgoing(.challenge(Challenge(.vote, number: context.random.next())), to: other) }
            }
        case .late, .silent, .twice, .wrongDigest: return []
        }
        return numbers.map {
            Outgoing(.challengeResponse(ChallengeResponse(number: $0.number, digest: nil)), to: $0.to)
        }
    }
}
