// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Gives the chunks of a snapshot, in order, each when it is asked for.
public struct SnapshotReader {
    /// How many chunks there are in all.
    public let count: Int
    private var position = 0
    private let read: (Int) throws -> Bytes

    public init(chunks: [Bytes]) { self.init(count: chunks.count) { place in chunks[place] } }

    /// Where they do not all lie in memory: each is read in order, and again only where it could not be.
    package init(count: Int, reading read: @escaping (Int) throws -> Bytes) {
        self.count = count
        self.read = read
    }

    public var chunksLeft: Int { count - position }

    /// The next chunk; nil after the last. Throws when it cannot be read; then it is still the next one.
    public mutating func next() throws -> Bytes? {
        guard position < count else { return nil }
        let chunk = try read(position)
        position += 1
        return chunk
    }
}

/// A service that was to be restored left chunks of the snapshot unread.
struct SnapshotNotReadToTheEnd: Error, CustomStringConvertible {
    let chunksLeft: Int

    var description: String { "\(chunksLeft) chunks of the snapshot were not read" }
}
