// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// The checkpoints that this replica can serve: those it took itself and those it installed. The core says which are not
/// needed any more, which bounds them.
package struct SnapshotStore: Sendable {
    private struct Entry {
        let instance: Instance
        let checkpoint: HashedCheckpoint
    }

    private var entries: [Entry] = []

    package init() {}

    package var count: Int { entries.count }

    package mutating func insert(_ checkpoint: HashedCheckpoint, after instance: Instance) {
        guard self.checkpoint(after: instance, checkpoint.digest) == nil else { return }
        entries.append(Entry(instance: instance, checkpoint: checkpoint))
    }

    /// Nil when it is not kept: never taken, dropped, or different from what the digest names.
    package func checkpoint(after instance: Instance, _ digest: Digest) -> HashedCheckpoint? {
        entries.first { $0.instance == instance && $0.checkpoint.digest == digest }?.checkpoint
    }

    /// Carries out what the core asked for: the messages to be sent, and what the core is told.
    package func serve(
        _ service: CheckpointService, bytesMax: Int = CheckpointService.bytesMax
    ) -> (messages: [PeerMessage], served: CheckpointServed) {
        let name = service.checkpoint
        guard let checkpoint = checkpoint(after: name.instance, name.digest) else {
            return ([], CheckpointServed(service: service, count: 0, bytes: 0, isHeld: false))
        }
        let stateBytes = checkpoint.manifest.bytes
        guard let positions = service.positions else {
            let bytes = 32 * checkpoint.manifest.digests.count
            return (
                [.manifest(NamedManifest(checkpoint: name, manifest: checkpoint.manifest))],
                CheckpointServed(service: service, count: 0, bytes: bytes, isHeld: true, stateBytes: stateBytes)
            )
        }
        let chunks = checkpoint.contents.chunks
        var messages: [PeerMessage] = []
        var (count, bytes) = (0, 0)
        for position in positions where bytes < bytesMax {
            count += 1
            // A liar asks for what is not there.
            guard position < chunks.count else { continue }
            let chunk = chunks[Int(position)]
            bytes += chunk.count
            messages.append(.chunk(CheckpointChunk(checkpoint: name, position: position, bytes: chunk)))
        }
        let served = CheckpointServed(
            service: service, count: count, bytes: bytes, isHeld: true, stateBytes: stateBytes)
        return (messages, served)
    }

    /// Those of the wanted chunks that are here. They are hashed again: memory may have changed since they were taken.
    package func chunks(of wanted: [WantedChunk], hash: (Bytes) -> Digest) -> [FoundChunk] {
        // Only looked up.
        var known: [Digest: (entry: Int, place: Int)] = [:]
        for (index, entry) in entries.enumerated() {
            for (place, digest) in entry.checkpoint.manifest.digests.enumerated() { known[digest] = (index, place) }
        }
        return wanted.compactMap { chunk in
            guard let (index, place) = known[chunk.digest] else { return nil }
            let bytes = entries[index].checkpoint.contents.chunks[place]
            return hash(bytes) == chunk.digest ? FoundChunk(position: chunk.position, bytes: bytes) : nil
        }
    }

    /// What was taken of a state that another one has replaced.
    package mutating func forget(beyond instance: Instance) { entries.removeAll { $0.instance > instance } }

    package mutating func forget(_ forgotten: ForgottenSnapshots) {
        entries.removeAll { $0.instance < forgotten.below && !forgotten.except.contains($0.instance) }
    }
}
