// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Changes one small thing in a message that a correct replica wanted to send: a number by one, a value for one it said
/// earlier or another said, an entry less or twice. Whatever carries its own signature is signed anew.
struct Mutator: Misbehaviour {
    let kind = LiarKind.mutator
    private var walker: FieldWalker
    /// The kind it changes most; nil for all alike.
    private let favourite: MessageKind?

    init(_ context: inout LiarContext) {
        walker = FieldWalker(sealer: context.sealer, random: context.random.fork())
        favourite = context.random.chance(permille: 600) ? context.random.pick(MessageKind.allCases) : nil
    }

    mutating func observe(_ message: PeerMessage, from sender: ReplicaID) {
        guard walker.random.chance(permille: permilleLearnt(message)) else { return }
        walker.begin(.learn(isOwn: false))
        _ = walker.walk(message)
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        var additions: [Outgoing] = []
        // The same lie to all, or to the first of them only, which tells two stories.
        var last: (told: PeerMessage, lie: PeerMessage, mutation: Mutation)?
        for place in outgoing.indices {
            let message = outgoing[place].message
            let kind = MessageKind(message)
            if let last, last.told == message {
                outgoing[place].message = last.lie
                context.acted(LiarDetail.mutation(kind, last.mutation))
                continue
            }
            if walker.random.chance(permille: permilleLearnt(message)) {
                walker.begin(.learn(isOwn: true))
                _ = walker.walk(message)
            }
            guard walker.random.chance(permille: permille(kind)), let lie = walker.mutated(message),
                let mutation = walker.done
            else { continue }
            context.acted(LiarDetail.mutation(kind, mutation))
            if walker.random.chance(permille: 200) {
                additions.append(Outgoing(lie, to: outgoing[place].receiver))
            } else {
                outgoing[place].message = lie
                if walker.random.chance(permille: 500) { last = (message, lie, mutation) }
            }
        }
        outgoing.append(contentsOf: additions)
    }

    mutating func alter(_ replies: inout [Reply], _ context: inout LiarContext) {
        for place in replies.indices where walker.random.chance(permille: permille(.reply)) {
            guard let lie = walker.mutated(replies[place]), let mutation = walker.done else { continue }
            replies[place] = lie
            context.acted(LiarDetail.mutation(.reply, mutation))
        }
    }

    mutating func alter(_ reply: inout ReadReply, to query: Bytes, _ context: inout LiarContext) {
        guard walker.random.chance(permille: permille(.readReply)), let lie = walker.mutated(reply),
            let mutation = walker.done
        else { return }
        reply = lie
        context.acted(LiarDetail.mutation(.readReply, mutation))
    }

    mutating func alter(_ refusal: inout Refusal, _ context: inout LiarContext) {
        guard walker.random.chance(permille: permille(.refusal)), let lie = walker.mutated(refusal),
            let mutation = walker.done
        else { return }
        refusal = lie
        context.acted(LiarDetail.mutation(.refusal, mutation))
    }

    // MARK: How often

    /// Rare messages are changed more often, so that a lying voter still takes part.
    private func permille(_ kind: MessageKind) -> Int {
        if kind == favourite { return 500 }
        switch kind {
        case .propose, .write, .accept, .decided, .reply, .readReply: return favourite == nil ? 80 : 20
        default: return favourite == nil ? 300 : 60
        }
    }

    /// Votes are many and alike.
    private func permilleLearnt(_ message: PeerMessage) -> Int {
        switch message {
        case .write, .accept, .progress: 40
        case .decisions: 200
        case .chunk: 40
        default: 300
        }
    }
}
