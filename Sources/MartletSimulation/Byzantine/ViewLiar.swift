// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Lies about views: that another one follows, or after another instance; that one follows where none does; and it speaks
/// in views that have ended or have not begun. Leading, it does not stop at what may end the view.
struct ViewLiar: Misbehaviour {
    let kind = LiarKind.viewLiar
    /// So many of a thousand votes are given another view.
    private let votesPermille: Int
    private var inventions = 0
    private var proposalsBeyond = 0
    private var hasFlooded = false

    init(_ context: inout LiarContext) { votesPermille = context.random.pick([0, 20, 100]) }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        for place in outgoing.indices {
            switch outgoing[place].message {
            case .install(let install): outgoing[place].message = lie(install, &context)
            case .views(let part): outgoing[place].message = lie(part, &context)
            default:
                guard context.random.chance(permille: votesPermille),
                    let moved = moved(outgoing[place].message, &context)
                else { continue }
                outgoing[place].message = moved
                context.acted(.named("vote of another view"))
            }
        }
        if inventions < 20, context.random.chance(permille: 30), let next = other(than: nil, &context) {
            inventions += 1
            let last = context.decided + context.random.below(4)
            let invented = context.seal(.install(Install(view: context.view.number, last: last, next: next)))
            for receiver in context.someOthers() { outgoing.append(Outgoing(invented, to: receiver)) }
            context.acted(.named("invented INSTALL"))
        }
        if proposalsBeyond < 10, context.random.chance(permille: 300) { proposeBeyond(&outgoing, &context) }
        if !hasFlooded, context.random.chance(permille: 10) { flood(&outgoing, &context) }
    }

    /// What may end the view travels alone, and its leader must wait for it; a probe everyone could vote for.
    private mutating func proposeBeyond(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        let alone = outgoing.compactMap { item in
            if case .propose(let propose) = item.message, propose.batch.entries.count == 1 { propose } else { nil }
        }
        guard let before = alone.first else { return }
        proposalsBeyond += 1
        let batch = Batch(
            instance: before.batch.instance + 1, born: before.epoch, time: before.batch.time,
            entries: [.probe(SequenceNumber(1), of: context.key)])
        for receiver in context.others {
            outgoing.append(Outgoing(.propose(Propose(epoch: before.epoch, batch: batch)), to: receiver))
        }
        context.acted(.named("proposal beyond one that stands alone"))
    }

    /// Proposals of the next view, more of them and as long as can be.
    private mutating func flood(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        hasFlooded = true
        let epoch = Epoch(view: ViewNumber(context.view.number.rawValue + 1), regency: .first)
        let key = context.key
        let entries = (1...context.view.batchEntriesMax).map { BatchEntry.probe(SequenceNumber(UInt64($0)), of: key) }
        let receiver = context.random.pick(context.others)
        for step in 0..<context.view.settings.window + 2 {
            let batch = Batch(instance: context.decided + (1 + step), born: epoch, time: .zero, entries: entries)
            outgoing.append(Outgoing(.propose(Propose(epoch: epoch, batch: batch)), to: receiver))
        }
        context.acted(.named("many long proposals of the next view"))
    }

    private func lie(_ install: Install, _ context: inout LiarContext) -> PeerMessage {
        let isOther = context.random.chance(permille: 500)
        let next = isOther ? other(than: install.next, &context) ?? install.next : install.next
        let last = isOther ? install.last : install.last + context.random.number(in: 1...2)
        context.acted(.named(isOther ? "INSTALL of another view" : "INSTALL after another instance"))
        return context.seal(.install(Install(view: install.view, last: last, next: next)))
    }

    /// Proof of another view, with signatures for this one; or too few of them, its own many times.
    private func lie(_ part: ViewChainPart, _ context: inout LiarContext) -> PeerMessage {
        guard let first = part.certificates.first, let share = first.shares.first else { return .views(part) }
        context.acted(.named("forged VIEWS"))
        let next = other(than: first.next, &context) ?? first.next
        let shares = context.random.chance(permille: 500) ? first.shares : [share]
        return .views(
            ViewChainPart(certificates: [
                ViewCertificate(view: first.view, last: first.last, next: next, shares: shares)
            ]))
    }

    private func moved(_ message: PeerMessage, _ context: inout LiarContext) -> PeerMessage? {
        let isLater = context.random.chance(permille: 600)
        func moved(_ epoch: Epoch) -> Epoch {
            // Another liar may have been at it before.
            let number = epoch.view.rawValue
            return Epoch(view: ViewNumber(isLater ? number &+ 1 : max(1, number) - 1), regency: .first)
        }
        switch message {
        case .propose(let it): return .propose(Propose(epoch: moved(it.epoch), batch: it.batch))
        case .write(let it):
            return .write(WriteVote(epoch: moved(it.epoch), instance: it.instance, digest: it.digest))
        case .accept(let it):
            return context.seal(
                .accept(AcceptVote(epoch: moved(it.epoch), instance: it.instance, digest: it.digest)))
        default: return nil
        }
    }

    /// What might follow as well: the same members, another of them first.
    private func other(than next: View?, _ context: inout LiarContext) -> View? {
        let plan = next?.plan ?? context.view.plan
        var order = plan.leaderOrder
        context.random.shuffle(&order)
        let heavy = Array(order.prefix(plan.heavy.count)).sorted()
        do {
            return try context.view.successor(ViewPlan(heavy: heavy, leaderOrder: order, settings: plan.settings))
        } catch {
            return nil
        }
    }
}
