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
    private let switchesEvery: Interval?
    private var switchesAt = Instant.zero
    /// Which misbehaviours are at work.
    private(set) var active: [Int]
    /// Two replicas with its one key are at work.
    var hasTwin: Bool { misbehaviours.contains { $0.kind == .twins } }

    init(plan: LiarPlan, replica: SimulatedReplica, conspiracy: Conspiracy, random: SeededRandom) {
        context = LiarContext(
            view: replica.view, me: replica.id, key: replica.key, sealer: replica.sealer, conspiracy: conspiracy,
            random: random)
        misbehaviours = []
        switchesEvery = plan.switchesEvery
        active = Array(plan.kinds.indices)
        for kind in plan.kinds { misbehaviours.append(kind.make(&context)) }
    }

    /// Draws anew which misbehaviours are at work, when it is time to. Twins are two all the time.
    func advance(to now: Instant) {
        context.now = now
        guard let switchesEvery, now >= switchesAt else { return }
        switchesAt = now + switchesEvery
        active = misbehaviours.indices.filter {
            misbehaviours[$0].kind == .twins || context.random.chance(permille: 600)
        }
    }
}

extension World {
    /// How this one lies; nil where it does not.
    func state(of replica: SimulatedReplica) -> LiarState? {
        replica.isThief ? thieving[replica.slot] : liars[replica.id.slot]
    }

    func isHonest(_ replica: SimulatedReplica) -> Bool { state(of: replica) == nil }

    func makeUp(_ message: PeerMessage, as replica: SimulatedReplica) -> PeerMessage {
        guard case .operation(var operation) = message, let liar = liar(replica) else { return message }
        for place in liar.active {
            liar.context.acts = 0
            guard let other = liar.misbehaviours[place].makeUp(operation, &liar.context) else { continue }
            operation = other
            count(liar, place, replica)
        }
        return .operation(operation)
    }

    func lie(_ outgoing: inout [Outgoing], as replica: SimulatedReplica) {
        guard let liar = liar(replica) else { return }
        let status = replica.core.status
        liar.context.view = status.view
        if status.view.index(of: replica.id) != nil { liar.context.membership = status.view }
        liar.context.epoch = status.epoch
        liar.context.decided = status.decided
        for place in liar.active {
            liar.context.acts = 0
            liar.misbehaviours[place].alter(&outgoing, &liar.context)
            count(liar, place, replica)
        }
    }

    func lie(_ replies: inout [Reply], as replica: SimulatedReplica) {
        guard let liar = liar(replica) else { return }
        for place in liar.active {
            liar.context.acts = 0
            liar.misbehaviours[place].alter(&replies, &liar.context)
            count(liar, place, replica)
        }
    }

    func lie(_ answer: inout ReplicaToClientMessage, to query: Bytes, as replica: SimulatedReplica) {
        if case .refusal(var refusal) = answer {
            lie(&refusal, as: replica)
            answer = .refusal(refusal)
        }
        guard case .readReply(var reply) = answer, let liar = liar(replica) else { return }
        for place in liar.active {
            liar.context.acts = 0
            liar.misbehaviours[place].alter(&reply, to: query, &liar.context)
            count(liar, place, replica)
        }
        answer = .readReply(reply)
    }

    /// Every liar signs another result than it has found, and all liars the same.
    func lie(_ claim: ReceiptClaim, as replica: SimulatedReplica) -> ReceiptClaim {
        guard liar(replica) != nil else { return claim }
        return ReceiptClaim(
            request: claim.request, view: claim.view, provenance: claim.provenance, result: claim.result + [0xFF])
    }

    func lie(_ refusal: inout Refusal, as replica: SimulatedReplica) {
        guard let liar = liar(replica) else { return }
        for place in liar.active {
            liar.context.acts = 0
            liar.misbehaviours[place].alter(&refusal, &liar.context)
            count(liar, place, replica)
        }
    }

    /// Whether what a node sends reaches this replica, which may be one of two twins.
    func hears(_ replica: SimulatedReplica, _ node: Int) -> Bool {
        guard let liar = state(of: replica) else { return true }
        return liar.misbehaviours.allSatisfy { $0.hears(node, isTwin: replica.isTwin, at: now) }
    }

    /// Its liar, told who acts and when.
    private func liar(_ replica: SimulatedReplica) -> LiarState? {
        guard let liar = state(of: replica) else { return nil }
        liar.advance(to: now)
        liar.context.isTwin = replica.isTwin
        if scenario.hasChanges {
            let newest = checkers.newestView
            liar.context.newest = newest
            liar.context.isFormer = isFormer(replica) || replica.isThief
        }
        return liar
    }

    func observe(_ message: PeerMessage, from sender: ReplicaID, by replica: SimulatedReplica) {
        guard let liar = state(of: replica) else { return }
        for place in liar.misbehaviours.indices {
            liar.misbehaviours[place].observe(message, from: sender)
        }
    }

    private func count(_ liar: LiarState, _ place: Int, _ replica: SimulatedReplica) {
        guard liar.context.acts > 0 else { return }
        let kind = liar.misbehaviours[place].kind
        if replica.id.slot >= scenario.n { counts.newcomersLies += liar.context.acts }
        if replica.isThief { counts.thievesLies += liar.context.acts }
        if kind == .formerMember, !replica.isThief { counts.formersLies += liar.context.acts }
        liar.acts[kind, default: 0] += liar.context.acts
        trace.line(now, "r\(replica.id)", "LIES", kind.rawValue)
    }
}
