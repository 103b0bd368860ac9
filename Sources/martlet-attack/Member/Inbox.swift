// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTransport
import MartletTypes
import Synchronization

/// What arrives at a hostile member.
enum Arrival: Sendable {
    case peer(PeerMessage, from: ReplicaID)
    case client(ClientMessage, by: InboundConnection)
    case opened(InboundConnection)
    case closed(InboundConnection)
}

/// Where arrivals wait until the member's task takes them.
final class Inbox: Sendable {
    private let arrivals = Mutex<[Arrival]>([])
    private let task: LoopTask

    init(task: LoopTask) { self.task = task }

    func post(_ arrival: Arrival) {
        let isFirst = arrivals.withLock { arrivals in
            arrivals.append(arrival)
            return arrivals.count == 1
        }
        if isFirst { task.request() }
    }

    func take() -> [Arrival] {
        arrivals.withLock { arrivals in
            defer { arrivals = [] }
            return arrivals
        }
    }
}
