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
    /// By member: what waits for `flush`.
    private var waiting: [[Bytes]]

    init(sealer: Sealer<Ed25519Scheme>, links: PeerLinks) {
        self.sealer = sealer
        self.links = links
        self.waiting = Array(repeating: [], count: links.view.n)
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
                guard let index = links.view.index(of: id) else { continue }
                waiting[index.position].append(sealed.encoded())
            }
        }
    }

    mutating func flush() {
        for place in waiting.indices where !waiting[place].isEmpty {
            links.send(waiting[place], to: ReplicaIndex(place))
            waiting[place].removeAll(keepingCapacity: true)
        }
    }

    private mutating func addForOthers(_ sealed: PeerMessage) {
        guard links.view.n > 1 else { return }
        let frame = sealed.encoded()
        for place in waiting.indices where place != links.myPlace { waiting[place].append(frame) }
    }
}
