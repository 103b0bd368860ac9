// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCrypto
import MartletTypes

/// Says again what it or others said long ago: old votes, STOPs, SYNCs, and, leading, collects of other regencies.
struct Replayer: Misbehaviour {
    let kind = LiarKind.replayer
    private static let ownMax = 256
    private static let foreignMax = 64
    private var own: [PeerMessage] = []
    private var foreign: [PeerMessage] = []
    private var collects: [StopData] = []

    mutating func observe(_ message: PeerMessage, from sender: ReplicaID) {
        switch message {
        case .stopData(let data): keep(data)
        case .sync(let sync):
            for data in sync.collected { keep(data) }
            keep(message)
        case .decisions, .forwarded, .batchBody: keep(message)
        default: return
        }
    }

    mutating func alter(_ outgoing: inout [Outgoing], _ context: inout LiarContext) {
        for place in outgoing.indices {
            guard case .sync(let sync) = outgoing[place].message, let lie = spoiled(sync, &context) else { continue }
            outgoing[place].message = lie
            context.acts += 1
        }
        for item in outgoing where own.count < Self.ownMax || context.random.chance(permille: 100) {
            keepOwn(item, &context)
        }
        guard !own.isEmpty, context.random.chance(permille: 150) else { return }
        for _ in 0..<context.random.number(in: 1...3) {
            let message =
                foreign.isEmpty || context.random.chance(permille: 700)
                ? context.random.pick(own) : context.random.pick(foreign)
            for receiver in context.someOthers() { outgoing.append(Outgoing(message, to: receiver)) }
            context.acts += 1
        }
    }

    /// With a collect that was made for another regency, or with one twice.
    private func spoiled(_ sync: Sync, _ context: inout LiarContext) -> PeerMessage? {
        guard !collects.isEmpty, context.random.chance(permille: 500) else { return nil }
        let old = context.random.pick(collects)
        var collected = sync.collected
        if let place = collected.firstIndex(where: { $0.sender == old.sender }), context.random.chance(permille: 700) {
            guard collected[place] != old else { return nil }
            collected[place] = old
        } else {
            // Another of its lies may have left nothing.
            let isOld = context.random.chance(permille: 500) || collected.isEmpty
            collected.append(isOld ? old : context.random.pick(collected))
        }
        return context.seal(.sync(Sync(epoch: sync.epoch, collected: collected)))
    }

    private mutating func keepOwn(_ item: Outgoing, _ context: inout LiarContext) {
        switch item.message {
        case .write, .accept, .stop, .stopData, .decided, .propose, .checkpoint, .progress, .sync: break
        default: return
        }
        if own.count < Self.ownMax {
            own.append(item.message)
        } else {
            own[context.random.below(own.count)] = item.message
        }
    }

    private mutating func keep(_ data: StopData) {
        collects.append(data)
        if collects.count > Self.foreignMax { collects.removeFirst() }
    }

    private mutating func keep(_ message: PeerMessage) {
        foreign.append(message)
        if foreign.count > Self.foreignMax { foreign.removeFirst() }
    }
}
