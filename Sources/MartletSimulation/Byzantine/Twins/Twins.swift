// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Two replicas with one key, each a correct core with a state of its own: every other node of the world is on the side
/// of one of them, or of both, and hears and is heard by that one only. Sides change over time. Between them the two say
/// what no correct replica says, though neither lies (Bano et al., *Twins: BFT systems made robust*).
struct Twins: Misbehaviour {
    private struct Division {
        let until: Instant
        let first: NodeSet
        let second: NodeSet
    }

    let kind = LiarKind.twins
    private static let divisions = 40
    private let plan: [Division]
    /// What each round's votes were for, to tell when the two contradict each other.
    private var told: [Ballot: Digest] = [:]

    private struct Ballot: Hashable {
        let round: Round
        let isWrite: Bool
    }

    /// All divisions are drawn beforehand, so that hearing needs no chance. After the last one the twins share all nodes.
    init(_ context: inout LiarContext) {
        var plan: [Division] = []
        var until = Instant.zero
        for _ in 0..<Self.divisions {
            until = until + .milliseconds(20) + context.random.interval(upTo: .milliseconds(180))
            var sides: (first: [Int], second: [Int]) = ([], [])
            for node in 0..<NodeSet.nodesMax {
                let side = context.random.below(10)
                if side < 6 { sides.first.append(node) }
                if side >= 5 { sides.second.append(node) }
            }
            plan.append(Division(until: until, first: NodeSet(sides.first), second: NodeSet(sides.second)))
        }
        self.plan = plan
    }

    func hears(_ node: Int, isTwin: Bool, at now: Instant) -> Bool {
        guard let division = plan.first(where: { now < $0.until }) else { return true }
        return (isTwin ? division.second : division.first).contains(node)
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        outgoing.removeAll { !hears($0.receiver.slot, isTwin: context.isTwin, at: context.now) }
        for item in outgoing {
            if let vote = item.message.voted { note(item.message, vote, &context) }
            if context.isTwin { context.acted(.named("twin: speaks")) }
        }
    }

    private mutating func note(
        _ message: PeerMessage, _ vote: (epoch: Epoch, instance: Instance, digest: Digest),
        _ context: inout LiarContext
    ) {
        var isWrite = false
        if case .write = message { isWrite = true }
        let ballot = Ballot(
            round: Round(regency: vote.epoch.regency, instance: vote.instance), isWrite: isWrite)
        guard let before = told[ballot] else { return told[ballot] = vote.digest }
        if before != vote.digest { context.acted(.named("twin: contradicts the other")) }
    }
}
