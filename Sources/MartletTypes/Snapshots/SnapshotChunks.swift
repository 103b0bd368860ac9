// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Sizes of the chunks that snapshots are kept and sent in.
package enum SnapshotChunks {
    /// The longest a chunk may be. A service's longest key or value must fit.
    package static let chunkBytesMax = 16 << 20
    /// The most chunks of a checkpoint.
    package static let countMax = 1 << 20
    /// What is cut without regard to its content is cut after so many bytes.
    package static let pieceBytes = 128 << 10
}
