// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Tells clients other results, or that their sessions are gone, or nothing.
struct ReplyLiar: Misbehaviour {
    let kind = LiarKind.replyLiar

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
}
