// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// How a log lies on the disk. In bytes.
package struct LogSettings: Hashable, Sendable {
    /// A segment that has so many takes no more once all of them are durable.
    package var segmentBytes = 64 << 20
    /// The most by which a file grows ahead of what is written: to sync what overwrites zeros is cheaper than to sync
    /// what makes a file longer.
    package var aheadBytesMax = 1 << 20
    /// The least; then as much as the segment holds already.
    package var aheadBytesMin = 64 << 10
    /// Segments that nobody needs and that are kept to be written over, for the same reason.
    package var sparesMax = 2

    package init() {}
}
