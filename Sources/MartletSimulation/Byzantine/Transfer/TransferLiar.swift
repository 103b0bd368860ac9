// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Draws those to it who are behind, and answers with what is no use: wrong, cut, stale or stolen states and decisions,
/// the right certificate with other bytes, or nothing. Some do the one thing all the time that keeps them in favour.
struct TransferLiar: Misbehaviour {
    private enum Habit: CaseIterable {
        case none
        /// Hands out its state like a correct one, and then answers questions for decisions with none.
        case emptyAnswers
        /// Hands out the same chunk again and again.
        case sameChunk
        /// Has an old state kept for it.
        case holding
    }

    let kind = LiarKind.transferLiar
    private var lies = TransferLies()
    private let habit: Habit
    /// Some give most chunks right, so that they stay sources for long; some none.
    private let chunkPermille: Int

    init(_ context: inout LiarContext) {
        chunkPermille = context.random.pick([20, 200, 800])
        habit = context.random.chance(permille: 500) ? .none : context.random.pick(Habit.allCases)
    }

    mutating func observe(_ message: PeerMessage, from sender: ReplicaID) { lies.keep(message) }

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
        if habit == .holding, context.random.chance(permille: 100), let question = lies.holding() {
            for receiver in context.someOthers() { outgoing.append(Outgoing(question, to: receiver)) }
            context.acted(.named("transfer: has an old state kept"))
        }
        guard habit == .none, context.random.chance(permille: 15), let unasked = lies.unasked(&context) else { return }
        for receiver in context.someOthers() { outgoing.append(Outgoing(unasked, to: receiver)) }
        context.acted(.named("transfer: unasked"))
    }

    /// What to say in its place, nil for nothing, and how that lie is called; nil where it says the truth.
    private func alter(_ item: Outgoing, _ context: inout LiarContext) -> (PeerMessage?, String)? {
        switch (habit, item.message) {
        case (.emptyAnswers, .decisions): return (.decisions(Decisions(decisions: [])), "decisions: always none")
        case (.sameChunk, .chunk(let chunk)): return (lies.same(as: chunk), "chunk: always the same")
        case (.none, _): return alterAtRandom(item, &context)
        default: return nil
        }
    }

    private func alterAtRandom(_ item: Outgoing, _ context: inout LiarContext) -> (PeerMessage?, String)? {
        switch item.message {
        case .progress(let it):
            let boast = Progress(
                epoch: it.epoch, isSynced: it.isSynced, mode: it.mode,
                decided: it.decided + context.random.number(in: 0...40), stableCheckpoint: it.stableCheckpoint,
                asksForHelp: it.asksForHelp)
            return (.progress(boast), "transfer: boast")
        case .checkpointOffer(let offer):
            guard context.random.chance(permille: 500) else { return nil }
            return lies.lie(offer, &context)
        case .manifest(let named):
            guard context.random.chance(permille: 500) else { return nil }
            return lies.lie(named, &context)
        case .chunk(let chunk):
            guard context.random.chance(permille: chunkPermille) else { return nil }
            return lies.lie(chunk, &context)
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
