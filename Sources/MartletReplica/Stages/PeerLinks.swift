// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Logging
import MartletTransport
import MartletTypes
import MartletWire
import Synchronization

/// This replica's connections to the other members.
final class PeerLinks: Sendable {
    let view: View
    let me: ReplicaID
    let myPlace: Int
    /// By member; nil at this replica's own place.
    private let links: [PeerLink?]

    init(
        view: View, me: ReplicaIndex, identity: TLSIdentity, loops: EventLoops, configuration: TransportConfiguration,
        log: ConnectivityLog, logger: Logger
    ) {
        self.view = view
        self.me = view[me].id
        self.myPlace = me.position
        let hello = Hello(group: view.group, role: .replica(view[me].id), view: view.number)
        links = view.members.enumerated().map { place, member in
            guard place != me.position else { return nil }
            let address = configuration.dialling.address(of: member)
            let target = PeerLinkTarget(
                name: "replica \(member.id)", host: address.host, port: address.port, key: member.key, hello: hello,
                frameBytesMax: Limits.handshakeBytes.max)
            // Members answer on their own links; on this one nothing comes back.
            let handlers = PeerLinkHandlers(onState: { log.changed(target, to: $0) }, onFrames: { _ in })
            return PeerLink(
                configuration: configuration, identity: identity, target: target, eventLoop: loops.next(),
                handlers: handlers, jitterSeed: UInt64(place), logger: logger)
        }
    }

    func start() {
        for link in links { link?.start() }
    }

    /// Frames that belong together, in order. What a member cannot be sent now is lost; the protocol sends again.
    func send(_ frames: [Bytes], to index: ReplicaIndex) {
        links[index.position]?.send(frames)
    }

    /// Sends what is queued, and returns when all are closed.
    func close() async {
        await withTaskGroup { group in
            for link in links {
                guard let link else { continue }
                group.addTask { await link.close() }
            }
        }
    }
}
