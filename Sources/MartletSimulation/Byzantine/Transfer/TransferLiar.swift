// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Draws those to it who are behind, and answers with what is no use: wrong, cut, stale or stolen states and decisions,
/// the right certificate with other bytes, or nothing.
struct TransferLiar: Misbehaviour {
    let kind = LiarKind.transferLiar
    private var lies = TransferLies()

    mutating func observe(_ message: PeerMessage, from sender: ReplicaIndex) { lies.keep(message) }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        var kept: [Outgoing] = []
        kept.reserveCapacity(outgoing.count)
        for item in outgoing {
            lies.keep(item.message)
            guard let (told, name) = alter(item, &context) else {
                kept.append(item)
                continue
            }
            if let told, told == item.message {
                kept.append(item)
                continue
            }
            context.acted(.named(name))
            if let told { kept.append(Outgoing(told, to: item.receiver)) }
        }
        outgoing = kept
        guard context.random.chance(permille: 15), let unasked = lies.unasked(&context) else { return }
        for receiver in context.someOthers() { outgoing.append(Outgoing(unasked, to: receiver)) }
        context.acted(.named("transfer: unasked"))
    }

    /// What to say in its place, nil for nothing, and how that lie is called; nil where it says the truth.
    private func alter(_ item: Outgoing, _ context: inout LiarContext) -> (PeerMessage?, String)? {
        switch item.message {
        case .progress(let it):
            let boast = Progress(
                epoch: it.epoch, isSynced: it.isSynced, mode: it.mode,
                decided: it.decided + context.random.number(in: 0...40), stableCheckpoint: it.stableCheckpoint,
                asksForHelp: it.asksForHelp)
            return (.progress(boast), "transfer: boast")
        case .checkpointState(let state):
            guard context.random.chance(permille: 800) else { return nil }
            return lies.lie(state, &context)
        case .decisions(let decisions):
            guard context.random.chance(permille: 800) else { return nil }
            return lies.lie(decisions.decisions, &context)
        case .batchBody(let body):
            guard context.random.chance(permille: 600) else { return nil }
            return lies.lie(body, &context)
        default: return nil
        }
    }
}
