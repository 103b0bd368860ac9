// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Tells clients other results, or that their sessions are gone, or nothing; whoever reads hears of the past.
struct ReplyLiar: Misbehaviour {
    let kind = LiarKind.replyLiar
    /// By query: the last few different answers, so that it can stay behind or come back to one.
    private var answers: [Bytes: [ReadReply]] = [:]
    private static let answersMax = 3

    mutating func alter(_ replies: inout [Reply], _ context: inout LiarContext) {
        var told: [Reply] = []
        for reply in replies {
            guard context.random.chance(permille: 500) else {
                told.append(reply)
                continue
            }
            context.acts += 1
            let body: ReplyBody
            switch context.random.below(4) {
            case 0: continue
            case 1: body = .sessionUnknown
            case 2: body = .result(ServiceCodec.wrong)
            default: body = .replyForgotten
            }
            told.append(Reply(view: reply.view, request: reply.request, finality: reply.finality, body: body))
        }
        replies = told
    }

    mutating func alter(_ reply: inout ReadReply, to query: Bytes, _ context: inout LiarContext) {
        var known = answers[query] ?? []
        if known.last?.version != reply.version || known.last?.result != reply.result { known.append(reply) }
        if known.count > Self.answersMax { known.removeFirst() }
        answers[query] = known
        guard context.random.chance(permille: 500) else { return }
        context.acts += 1
        let told: (version: Instance, result: Bytes)
        switch context.random.below(6) {
        case 0: told = (reply.version, ServiceCodec.wrong)
        case 1: told = (reply.version + 1, reply.result)
        default:
            let earlier = context.random.pick(known)
            told = (earlier.version, earlier.result)
        }
        reply = ReadReply(view: reply.view, number: reply.number, version: told.version, result: told.result)
    }
}
