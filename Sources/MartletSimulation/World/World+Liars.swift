// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletTypes

/// What one lying replica remembers.
final class LiarState {
    var misbehaviours: [any Misbehaviour]
    var context: LiarContext
    var acts: [LiarKind: Int] = [:]

    init(plan: LiarPlan, replica: SimulatedReplica, random: SeededRandom) {
        context = LiarContext(view: replica.view, me: replica.index, sealer: replica.sealer, random: random)
        misbehaviours = []
        for kind in plan.kinds { misbehaviours.append(kind.make(&context)) }
    }
}

extension World {
    func lie(_ outgoing: inout [Outgoing], as replica: SimulatedReplica) {
        guard let liar = liars[replica.index.position] else { return }
        let status = replica.core.status
        liar.context.epoch = status.epoch
        liar.context.decided = status.decided
        for place in liar.misbehaviours.indices {
            liar.context.acts = 0
            liar.misbehaviours[place].alter(&outgoing, &liar.context)
            count(liar, place, replica)
        }
    }

    func lie(_ replies: inout [Reply], as replica: SimulatedReplica) {
        guard let liar = liars[replica.index.position] else { return }
        for place in liar.misbehaviours.indices {
            liar.context.acts = 0
            liar.misbehaviours[place].alter(&replies, &liar.context)
            count(liar, place, replica)
        }
    }

    func lie(_ answer: inout ReplicaToClientMessage, to query: Bytes, as replica: SimulatedReplica) {
        guard let liar = liars[replica.index.position], case .readReply(var reply) = answer else { return }
        for place in liar.misbehaviours.indices {
            liar.context.acts = 0
            liar.misbehaviours[place].alter(&reply, to: query, &liar.context)
            count(liar, place, replica)
        }
        answer = .readReply(reply)
    }

    func observe(_ message: PeerMessage, from: Int, by replica: SimulatedReplica) {
        guard let liar = liars[replica.index.position] else { return }
        for place in liar.misbehaviours.indices {
            liar.misbehaviours[place].observe(message, from: ReplicaIndex(from))
        }
    }

    private func count(_ liar: LiarState, _ place: Int, _ replica: SimulatedReplica) {
        guard liar.context.acts > 0 else { return }
        let kind = liar.misbehaviours[place].kind
        liar.acts[kind, default: 0] += liar.context.acts
        trace.line(now, "r\(replica.index)", "LIES", kind.rawValue)
    }
}
