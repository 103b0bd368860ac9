// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletCrypto
import MartletTypes

/// What the background does of fetching states. It sends by itself; what a liar makes of that is altered with the rest.
extension World {
    func serve(_ service: CheckpointService, by replica: SimulatedReplica, sending outgoing: inout [Outgoing]) {
        let (messages, served) = replica.store.serve(service)
        post(.served(served), to: replica, within: Self.backgroundDelayMax)
        counts.served += messages.count
        for message in messages {
            if isHonest(replica) { counts.branches.sent(MessageKind(message)) }
            outgoing.append(Outgoing(message, to: service.receiver))
        }
    }

    func lookUp(_ lookUp: ChunkLookUp, by replica: SimulatedReplica) {
        let found = replica.store.chunks(of: lookUp.wanted) { Hashing.digest(ofChunk: $0) }
        counts.foundAtHome += found.count
        post(.chunksFound(lookUp.checkpoint, found), to: replica, within: Self.backgroundDelayMax)
    }
}
