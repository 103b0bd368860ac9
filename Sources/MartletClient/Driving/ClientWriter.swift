// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletClientCore
import MartletCrypto
import MartletTransport
import MartletTypes
import MartletWire

/// Turns what the core wants sent into frames, each encoded once however many replicas get it, and hands each link all
/// of its frames together.
struct ClientWriter {
    private let sealer: ClientSealer<Ed25519Scheme>
    /// By place in the audience: members by their position in the view, then former ones.
    private var frames: [[Bytes]]
    private var audience: [ReplicaID]

    init(sealer: ClientSealer<Ed25519Scheme>, audience: [Member]) {
        self.sealer = sealer
        self.audience = audience.map(\.id)
        frames = Array(repeating: [], count: audience.count)
    }

    /// From now on frames are for these. There must be none left for others.
    mutating func begin(_ audience: [Member]) {
        precondition(frames.allSatisfy(\.isEmpty), "frames for an audience that is no more")
        self.audience = audience.map(\.id)
        frames = Array(repeating: [], count: audience.count)
    }

    mutating func write(_ effects: borrowing ClientEffects) {
        for send in effects.sends {
            if send.isSigned {
                for bundle in sealer.sealBundles(send.requests) { add(.requests(bundle), for: send.targets) }
            } else {
                add(.requests(RequestBundle(requests: send.requests, signature: nil)), for: send.targets)
            }
        }
        for it in effects.viewFetches { write(it.fetch, to: it.target) }
        for read in effects.reads { add(.read(read.request), for: read.targets) }
        for it in effects.receiptFetches { add(.fetchReceipt(it.request), for: it.targets) }
    }

    mutating func write(_ fetch: FetchViews, to replica: ReplicaID) {
        if let place = audience.firstIndex(of: replica) {
            frames[place].append(ClientMessage.fetchViews(fetch).encoded())
        }
    }

    private mutating func add(_ message: ClientMessage, for targets: ReplicaSet) {
        let frame = message.encoded()
        for target in targets { frames[target.position].append(frame) }
    }

    /// What a link does not take is sent again by the core, in time.
    mutating func flush(to links: ClientLinks) {
        for position in frames.indices where !frames[position].isEmpty {
            links[position]?.send(frames[position])
            frames[position].removeAll(keepingCapacity: true)
        }
    }
}
