// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletKV
import MartletTypes

extension SimulatedReplica {
    /// Its chunks are small, so that the few keys of a simulation are many.
    static func service() -> Service {
        Service(chunking: KVChunking(bytesMin: 32, bytesMax: 96, boundaryBits: 1))
    }
}

extension CheckpointContents {
    /// What a rotten memory makes of it.
    var flippingLastBit: CheckpointContents {
        var chunks = chunks
        if var last = chunks.popLast() {
            last[last.count - 1] ^= 1
            chunks.append(last)
        }
        return CheckpointContents(imageChunks: imageChunks, chunks: chunks)
    }
}

/// Whom an answer goes to, and what was asked.
struct ReadAsker {
    let client: ClientID
    let query: Bytes
}
