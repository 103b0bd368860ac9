// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTransport
import MartletTypes
import MartletWire

/// Sends what is due, and keeps what a behaviour holds back.
struct Departures {
    private let links: [PeerLink?]
    private var heldBack: [(due: Instant, receiver: ReplicaIndex, frame: Bytes)] = []

    init(links: [PeerLink?]) { self.links = links }

    var nextDue: Instant? { heldBack.map(\.due).min() }

    mutating func send(_ outgoing: [Outgoing], at now: Instant) {
        var frames: [[Bytes]] = Array(repeating: [], count: links.count)
        for item in heldBack where item.due <= now { frames[item.receiver.position].append(item.frame) }
        heldBack.removeAll { $0.due <= now }
        for item in outgoing {
            if item.delay == .zero {
                frames[item.receiver.position].append(item.frame)
            } else {
                heldBack.append((now + item.delay, item.receiver, item.frame))
            }
        }
        for (place, frames) in frames.enumerated() where !frames.isEmpty { links[place]?.send(frames) }
    }
}
