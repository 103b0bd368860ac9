// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Holds back what it sends, for as long as nobody complains: longer each time until others ask for the next regency,
/// then a little less than what they bore.
struct Delayer: Misbehaviour {
    private enum What: CaseIterable {
        case proposals
        case leading
        case everything
    }

    let kind = LiarKind.delayer
    private let what: What
    /// What it dares now, and what was too much.
    private(set) var delay = Interval.milliseconds(2)
    private(set) var ceiling: Interval?
    private var complained: Regency?
    private var learnt = Regency.none
    private var lastInstance = Instance.zero

    init(_ context: inout LiarContext) { what = context.random.pick(What.allCases) }

    mutating func observe(_ message: PeerMessage, from sender: ReplicaID) {
        guard case .stop(let stop) = message, stop.reason != .abdication else { return }
        complained = max(complained ?? .none, stop.regency)
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        learn(context)
        for place in outgoing.indices where isMeant(outgoing[place].message) {
            if case .propose(let propose) = outgoing[place].message, propose.batch.instance > lastInstance {
                lastInstance = propose.batch.instance
                grow()
            }
            outgoing[place].delay = delay
            context.acted(.named(context.leads ? "delay: leading" : "delay: following"))
        }
    }

    /// One regency's end teaches once.
    private mutating func learn(_ context: borrowing LiarContext) {
        guard let complained, complained > learnt else { return }
        learnt = max(complained, context.epoch.regency)
        guard context.leader(of: Regency(max(1, complained.rawValue - 1))) == context.me else { return }
        ceiling = delay
        delay = delay * 7 / 10
    }

    /// By an eighth where nothing is known, and close to the limit by ever less.
    private mutating func grow() {
        guard let ceiling else { return delay = delay + delay / 8 }
        let bound = ceiling * 9 / 10
        if delay < bound { delay = min(bound, delay + delay / 32) }
    }

    private func isMeant(_ message: PeerMessage) -> Bool {
        switch (what, message) {
        case (.everything, _), (_, .propose), (.leading, .sync), (.leading, .batchBody), (.leading, .forwarded): true
        default: false
        }
    }
}
