// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// A chunk that is missing.
package struct WantedChunk: Hashable, Sendable {
    package let position: UInt32
    package let digest: Digest

    package init(position: UInt32, digest: Digest) {
        self.position = position
        self.digest = digest
    }
}

/// What of a checkpoint is to be looked for in this replica's own store.
package struct ChunkLookUp: Hashable, Sendable {
    package let checkpoint: CheckpointName
    package let wanted: [WantedChunk]

    package init(checkpoint: CheckpointName, wanted: [WantedChunk]) {
        self.checkpoint = checkpoint
        self.wanted = wanted
    }
}

/// A chunk that this replica's own store has.
package struct FoundChunk: Hashable, Sendable {
    package let position: UInt32
    package let bytes: Bytes

    package init(position: UInt32, bytes: Bytes) {
        self.position = position
        self.bytes = bytes
    }
}

/// Which of a manifest's chunks are there. A chunk that stands at several places is fetched for the first of them.
package struct ChunkBoard: Sendable {
    package enum Outcome: Hashable, Sendable {
        case taken, known, wrong
    }

    package let manifest: CheckpointManifest
    /// Where each digest stands first; only looked up.
    private var firstPlaces: [Digest: UInt32] = [:]
    /// By first place.
    private var chunks: [Bytes?]
    private var copies: [Int]
    /// Places to be asked for, those before `nextInLine` no more.
    private var line: [UInt32] = []
    private var nextInLine = 0
    package private(set) var missing = 0
    /// Of all that are there.
    package private(set) var bytesHeld = 0

    package init(_ manifest: CheckpointManifest) {
        self.manifest = manifest
        chunks = Array(repeating: nil, count: manifest.digests.count)
        copies = Array(repeating: 0, count: manifest.digests.count)
        firstPlaces.reserveCapacity(manifest.digests.count)
        for (place, digest) in manifest.digests.enumerated() {
            let first = firstPlaces[digest] ?? UInt32(place)
            if first == UInt32(place) {
                firstPlaces[digest] = first
                line.append(first)
            }
            copies[Int(first)] += 1
        }
        missing = line.count
    }

    package var isComplete: Bool { missing == 0 }

    package func holds(_ position: UInt32) -> Bool { chunks[Int(position)] != nil }

    /// Takes a chunk whose digest was computed from its bytes.
    package mutating func take(_ bytes: Bytes, _ digest: Digest, at position: UInt32) -> Outcome {
        guard position < manifest.digests.count, manifest.digests[Int(position)] == digest else { return .wrong }
        return take(bytes, digest) ? .taken : .known
    }

    /// Wherever it stands; false when it stands nowhere, or is there already.
    @discardableResult
    package mutating func take(_ bytes: Bytes, _ digest: Digest) -> Bool {
        guard let place = firstPlaces[digest], chunks[Int(place)] == nil else { return false }
        chunks[Int(place)] = bytes
        missing -= 1
        bytesHeld += bytes.count * copies[Int(place)]
        return true
    }

    /// All that the other one holds and this one misses.
    package mutating func takeAll(of other: ChunkBoard) {
        for (place, chunk) in other.chunks.enumerated() {
            if let chunk { take(chunk, other.manifest.digests[place]) }
        }
    }

    package var wanted: [WantedChunk] {
        line.filter { !holds($0) }.map { WantedChunk(position: $0, digest: manifest.digests[Int($0)]) }
    }

    /// All chunks in order; only when none is missing.
    package var contents: CheckpointContents {
        let all = manifest.digests.map { digest in
            guard let place = firstPlaces[digest], let chunk = chunks[Int(place)] else {
                preconditionFailure("a chunk is missing")
            }
            return chunk
        }
        return CheckpointContents(imageChunks: manifest.imageChunks, chunks: all)
    }

    // MARK: Asking

    /// So many at most that nobody is asked for, ascending.
    package mutating func nextToAsk(_ count: Int) -> [UInt32] {
        var next: [UInt32] = []
        while next.count < count {
            skipHeld()
            guard nextInLine < line.count else { break }
            // What two sources failed to send is in the line twice.
            if !next.contains(line[nextInLine]) { next.append(line[nextInLine]) }
            nextInLine += 1
        }
        return next.sorted()
    }

    /// Whoever was asked for these did not send them.
    package mutating func putBack(_ positions: [UInt32]) {
        if nextInLine * 2 > line.count {
            line.removeFirst(nextInLine)
            nextInLine = 0
        }
        line += positions.filter { !holds($0) }
    }

    private mutating func skipHeld() {
        while nextInLine < line.count, holds(line[nextInLine]) { nextInLine += 1 }
    }
}
