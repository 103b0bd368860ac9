// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Asks all the time to be admitted again, though it never lost anything: with ever new numbers or one of before, for this view or
/// another, under numbers of operations that were used, to all or to some.
struct Rejoiner: Misbehaviour {
    let kind = LiarKind.rejoiner
    private let permille: Int
    private var operation: UInt64 = 1_000_000
    private var incarnations: [UInt64] = [0]
    private static let kept = 8

    init(_ context: inout LiarContext) { permille = context.random.pick([2, 10, 50]) }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        guard context.random.chance(permille: permille) else { return }
        if context.random.chance(permille: 700) { operation += UInt64(context.random.below(3)) }
        let isNew = context.random.chance(permille: 700)
        let incarnation = isNew ? context.random.next() : context.random.pick(incarnations)
        if isNew { incarnations = Array((incarnations + [incarnation]).suffix(Self.kept)) }
        var view = context.view.number.rawValue
        if context.random.chance(permille: 200) { view = context.random.pick([0, view - 1, view + 1, view + 7]) }
        let request = Request.rejoin(
            Rejoin(
                view: ViewNumber(view), incarnation: incarnation,
                versions: context.random.chance(permille: 200) ? OldProgram.versions : .supported),
            number: SequenceNumber(operation), by: context.key)
        let message = context.seal(.operation(ReplicaOperation(request: request)))
        for receiver in receivers(&context) {
            outgoing.append(Outgoing(message, to: receiver))
        }
        context.acted(.named(isNew ? "REJOIN with a new number" : "REJOIN with a number of before"))
    }

    /// The leader may get another one than those who would blame it.
    private func receivers(_ context: inout LiarContext) -> [ReplicaID] {
        let leader = context.leader(of: context.epoch.regency)
        switch context.random.below(6) {
        case 0: return leader == context.me ? context.others : [leader]
        case 1: return context.others.filter { $0 != leader }
        case 2: return context.someOthers()
        default: return context.others
        }
    }
}
