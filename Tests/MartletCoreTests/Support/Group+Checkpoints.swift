// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletCore
import MartletTypes

/// What the background does of checkpoints.
extension Group {
    /// As it is after any instance: the first chunk tells which.
    func contents(after instance: Instance) -> CheckpointContents {
        let rest = Samples.contents(chunks: 1..<max(1, chunks.count), bytes: chunks.bytes).chunks
        let first = Samples.chunk(10_000 + Int(instance.rawValue), bytes: chunks.bytes)
        return CheckpointContents(imageChunks: 1, chunks: [first] + rest.prefix(chunks.count - 1))
    }

    func serve(_ service: CheckpointService, by place: Int) {
        var store = SnapshotStore()
        let name = service.checkpoint
        let forgotten = nodes[place].forgotten
        let isKept = name.instance >= forgotten.below || forgotten.except.contains(name.instance)
        if !nodes[place].lacksCheckpoints, isKept {
            store.insert(Samples.hashed(contents(after: name.instance), name.digest), after: name.instance)
        }
        let (messages, served) = store.serve(service)
        for message in messages { post(Send(message, to: .replica(service.receiver)), from: place) }
        step(place, .served(served))
    }

    func lookUp(_ wanted: ChunkLookUp, at place: Int) {
        let all = contents(after: wanted.checkpoint.instance).chunks
        let found = wanted.wanted.filter { nodes[place].chunksAtHome.contains(Int($0.position)) }
            .map { FoundChunk(position: $0.position, bytes: all[Int($0.position)]) }
        step(place, .chunksFound(wanted.checkpoint, found))
    }
}
