// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// How snapshots lie on the disk. In bytes, where nothing else is said.
package struct SnapshotSettings: Hashable, Sendable {
    /// Of what older layers hold, so much may be written again with each snapshot to be rid of chunks that nobody needs; or as much
    /// as the snapshot brings that is new, if that is more. At least as long as a chunk may be.
    package var rewrittenBytes = 16 << 20
    /// A snapshot lies in so many layers at most: with one more, the one that holds the least of it is written again, which costs
    /// no more than this part of the state.
    package var layersMax = 256
    /// How much is written at once.
    package var stepBytes = 1 << 20
    /// A sync comes after so many, so that not all of a large snapshot is left to the last one.
    package var syncBytes = 32 << 20

    package init() {}
}
