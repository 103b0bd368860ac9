// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Where a snapshot's entries are cut into chunks. It follows from the entries of the chunk alone, so that equal states are
/// cut alike and a change moves few cuts: a chunk ends after a key whose hash says so, about one in `2^boundaryBits`, unless
/// it is too short yet, and after whatever key makes it too long.
///
/// The hash is no secret. Whoever may write can look for keys of which none ends a chunk, or each does; then chunks are of
/// equal length, and a change of their first key moves all cuts up to the next key of someone else's that ends one. So he gets a
/// checkpoint to cost what a full one costs for the keys that he has in a row, never more, and chunks never shorter than
/// `bytesMin` or longer than `bytesMax` and an entry.
package struct KVChunking: Hashable, Sendable {
    /// No chunk but the last is shorter. It bounds how many chunks there can be: those of `KVLimits.stateBytesMax` are two
    /// thirds of what a checkpoint may have.
    let bytesMin: Int
    /// A chunk that has as many ends.
    let bytesMax: Int
    let boundaryBits: Int

    package init(bytesMin: Int, bytesMax: Int, boundaryBits: Int) {
        precondition(1 <= bytesMin && bytesMin <= bytesMax && 1...32 ~= boundaryBits, "chunks cannot be cut so")
        self.bytesMin = bytesMin
        self.bytesMax = bytesMax
        self.boundaryBits = boundaryBits
    }

    /// A key that changes costs its chunk, in all that is written, hashed and sent; a chunk costs its digest, and its place in each
    /// manifest.
    package static let standard = KVChunking(bytesMin: 12 << 10, bytesMax: 64 << 10, boundaryBits: 3)

    /// `bytes`: of the chunk, this key's entry included.
    func ends(after key: KVKey, bytes: Int) -> Bool {
        bytes >= bytesMax || (bytes >= bytesMin && isBoundary(key))
    }

    func isBoundary(_ key: KVKey) -> Bool { Self.hash(of: key) >> (64 - boundaryBits) == 0 }

    /// FNV-1a, and a step of SplitMix64 for the sake of the upper bits.
    private static func hash(of key: KVKey) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in key.bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return hash ^ (hash >> 31)
    }
}
