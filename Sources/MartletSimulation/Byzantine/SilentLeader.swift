// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Leading, it proposes nothing, or nothing to some; sometimes only after a while, and sometimes its SYNC is missing too.
struct SilentLeader: Misbehaviour {
    let kind = LiarKind.silentLeader
    private let firstSilentInstance: Instance
    private let withholdsSync: Bool
    /// Towards whom; everyone in every other regency that it leads.
    private let side: [ReplicaID]
    private let alternates: Bool

    init(_ context: inout LiarContext) {
        firstSilentInstance = Instance(UInt64(context.random.below(60)))
        withholdsSync = context.random.chance(permille: 300)
        side = context.someOthers()
        alternates = context.random.chance(permille: 500)
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        let count = outgoing.count
        outgoing.removeAll { item in
            switch item.message {
            case .propose(let propose):
                propose.batch.instance >= firstSilentInstance
                    && (isSilentToAll(propose.epoch.regency, context.view.n) || side.contains(item.receiver))
            case .sync(let sync):
                withholdsSync && (isSilentToAll(sync.epoch.regency, context.view.n) || side.contains(item.receiver))
            default: false
            }
        }
        context.acts += count - outgoing.count
    }

    private func isSilentToAll(_ regency: Regency, _ n: Int) -> Bool {
        alternates && (Int(regency.rawValue) - 1) / n % 2 == 0
    }
}
