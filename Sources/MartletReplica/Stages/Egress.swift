// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletTransport
import MartletTypes
import MartletWire

/// The last stage for what goes to replicas: signs each message, encodes it once however many it goes to, sends what
/// belongs together in one piece per peer, and gives back this replica's own copies. Belongs to the ordering thread.
struct Egress {
    private let sealer: Sealer<Ed25519Scheme>
    private let links: PeerLinks
    private let inbound: InboundPeers
    /// All that there are links to, and what waits for each one's `flush`.
    private var peers: [ReplicaID] = []
    private var waiting: [[Bytes]] = []

    init(sealer: Sealer<Ed25519Scheme>, links: PeerLinks, inbound: InboundPeers) {
        self.sealer = sealer
        self.links = links
        self.inbound = inbound
    }

    /// From here on everyone means these.
    mutating func follow(_ audience: [Member]) {
        flush()
        links.follow(audience)
        peers = audience.map(\.id).filter { $0 != links.me }
        waiting = Array(repeating: [], count: peers.count)
    }

    /// Takes messages to be sent at the next `flush`; own copies are added to `loopback`.
    mutating func take(_ sends: [Send], loopback: inout [Event]) {
        for send in sends {
            let sealed = sealer.seal(send.message)
            switch send.destination {
            case .everyone:
                loopback.append(.message(sealer.loopback(sealed)))
                addForOthers(sealed)
            case .others:
                addForOthers(sealed)
            case .replica(let id) where id == links.me:
                loopback.append(.message(sealer.loopback(sealed)))
            case .replica(let id):
                add(sealed, for: id)
            }
        }
    }

    mutating func flush() {
        for place in waiting.indices where !waiting[place].isEmpty {
            links.send(waiting[place], to: peers[place])
            waiting[place].removeAll(keepingCapacity: true)
        }
    }

    private mutating func addForOthers(_ sealed: PeerMessage) {
        guard !peers.isEmpty else { return }
        let frame = sealed.encoded()
        for place in waiting.indices { waiting[place].append(frame) }
    }

    /// One that is in the group no longer is told so on its own connection; there is nothing else to tell it.
    private mutating func add(_ sealed: PeerMessage, for replica: ReplicaID) {
        if let place = peers.firstIndex(of: replica) {
            waiting[place].append(sealed.encoded())
        } else if case .views(let part) = sealed {
            inbound.send(part, to: replica)
        }
    }
}
