// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What has arrived of clients' frames that are not whole yet, all together: a pure value that applies the limit on it.
///
/// Who begins long frames and never ends them holds what was begun longest ago, so that goes first; who is in the middle of
/// one stays.
struct PartialFrames {
    /// So much of one connection is not counted: nearly every one has that much now and then.
    static let uncountedBytesMax = 16 << 10

    private let bytesMax: Int
    /// Begun longest ago first.
    private var entries: [(id: ConnectionID, bytes: Int)] = []
    private(set) var bytes = 0

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// So many bytes of a frame of this connection have arrived by now; `isAnew`: another one was finished since the last
    /// time. Returns the connections that must go.
    mutating func note(_ bytes: Int, of id: ConnectionID, isAnew: Bool) -> [ConnectionID] {
        if bytes > Self.uncountedBytesMax, !isAnew, let place = entries.firstIndex(where: { $0.id == id }) {
            self.bytes += bytes - entries[place].bytes
            entries[place].bytes = bytes
        } else {
            remove(id)
            guard bytes > Self.uncountedBytesMax else { return [] }
            entries.append((id, bytes))
            self.bytes += bytes
        }
        var leaving: [ConnectionID] = []
        // One alone has the limit of its frame.
        while self.bytes > bytesMax, entries.count > 1 {
            let oldest = entries.removeFirst()
            self.bytes -= oldest.bytes
            leaving.append(oldest.id)
        }
        return leaving
    }

    mutating func remove(_ id: ConnectionID) {
        guard let place = entries.firstIndex(where: { $0.id == id }) else { return }
        bytes -= entries.remove(at: place).bytes
    }
}
