// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Was removed, or has lost its key, and speaks on: votes in the view that it was last a member of, for what all others of its kind vote
/// for too, beyond that view's end; INSTALLs of another view after it; votes, STOPs and checkpoints of the newest view, in which it has
/// no word; that it wants to vote there; and it asks for everything. Before that it does nothing.
struct FormerMember: Misbehaviour {
    let kind = LiarKind.formerMember
    private let permille: Int
    private var operation: UInt64 = 2_000_000

    init(_ context: inout LiarContext) { permille = context.random.pick([100, 300, 700]) }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        guard context.isFormer, let old = context.membership, context.random.chance(permille: permille) else { return }
        let (messages, name) = lie(about: old, &context)
        for receiver in context.someOthers() {
            for message in messages { outgoing.append(Outgoing(message, to: receiver)) }
        }
        context.acted(.named(name), times: messages.count)
    }

    private mutating func lie(about old: View, _ context: inout LiarContext) -> ([PeerMessage], String) {
        let instance = context.decided + context.random.number(in: 1...4)
        switch context.random.below(7) {
        case 0: return (votes(in: old, instance, &context), "removed: votes of the view that it was in")
        case 1: return ([install(old, instance, &context)].compactMap(\.self), "removed: INSTALL of another view")
        case 2: return (votes(in: context.newest, instance, &context), "removed: votes of the newest view")
        case 3:
            let epoch = Epoch(view: context.newest.number, regency: Regency(2))
            let stop = Stop(view: epoch.view, regency: epoch.regency, reason: .instanceTimeout)
            let data = StopData(
                epoch: epoch, sender: context.me, base: nil, checkpoint: nil, claims: [], signature: .absent)
            return ([.stop(stop), context.seal(.stopData(data))], "removed: STOP and STOPDATA")
        case 4:
            let vote = CheckpointVote(
                view: context.newest.number,
                instance: Instance(
                    (instance.rawValue / UInt64(old.settings.checkpointPeriod) + 1)
                        * UInt64(old.settings.checkpointPeriod)), digest: digest(for: instance))
            return ([context.seal(.checkpoint(vote))], "removed: CHECKPOINT")
        case 5: return ([rejoin(&context)], "removed: REJOIN")
        default:
            return (
                [
                    .fetchViews(FetchViews(after: .genesis)), .fetchCheckpoint(FetchCheckpoint(instance: .zero)),
                    .fetchDecisions(FetchDecisions(first: Instance(1))),
                ], "removed: asks for everything"
            )
        }
    }

    /// All of its kind have the same in mind.
    private func digest(for instance: Instance) -> Digest { Digest(words: Words32(instance.rawValue, 17, 17, 17)) }

    private func votes(in view: View, _ instance: Instance, _ context: inout LiarContext) -> [PeerMessage] {
        let epoch = Epoch(view: view.number, regency: .first)
        let digest = digest(for: instance)
        return [
            .write(WriteVote(epoch: epoch, instance: instance, digest: digest)),
            context.seal(.accept(AcceptVote(epoch: epoch, instance: instance, digest: digest))),
            .decided(Decided(view: view.number, instance: instance, digest: digest)),
        ]
    }

    /// As if the others had left instead.
    private func install(_ old: View, _ last: Instance, _ context: inout LiarContext) -> PeerMessage? {
        var order = old.plan.leaderOrder
        context.random.shuffle(&order)
        do {
            let plan = ViewPlan(heavy: old.plan.heavy, leaderOrder: order, settings: old.settings)
            return context.seal(.install(Install(view: old.number, last: last, next: try old.successor(plan))))
        } catch {
            return nil
        }
    }

    private mutating func rejoin(_ context: inout LiarContext) -> PeerMessage {
        operation += 1
        let rejoin = Rejoin(view: context.newest.number, incarnation: max(1, context.random.next()))
        let request = Request.rejoin(rejoin, number: SequenceNumber(operation), by: context.key)
        return context.seal(.operation(ReplicaOperation(request: request)))
    }
}
