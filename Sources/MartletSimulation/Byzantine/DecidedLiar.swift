// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// Says DECIDED of what nobody decided, also of what somebody proposed.
struct DecidedLiar: Misbehaviour {
    let kind = LiarKind.decidedLiar
    private var heard: [(instance: Instance, digest: Digest)] = []

    mutating func observe(_ message: PeerMessage, from sender: ReplicaID) {
        guard case .write(let vote) = message else { return }
        heard.append((vote.instance, vote.digest))
        if heard.count > 32 { heard.removeFirst() }
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        guard context.random.chance(permille: 200) else { return }
        let isWild = heard.isEmpty || context.random.chance(permille: 500)
        let instance = isWild ? context.decided + context.random.number(in: 1...4) : context.random.pick(heard).instance
        let digest = isWild ? context.junkDigest() : context.random.pick(heard).digest
        let lie = PeerMessage.decided(Decided(view: context.view.number, instance: instance, digest: digest))
        for receiver in context.someOthers() { outgoing.append(Outgoing(lie, to: receiver)) }
        context.acts += 1
    }
}
