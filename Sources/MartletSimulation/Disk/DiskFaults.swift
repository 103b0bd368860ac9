// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How a disk misbehaves. Chances are in thousandths.
package struct DiskFaults: Hashable, Sendable {
    /// At a crash: a piece of a write that was not synced is cut at a byte.
    package var tornPermille = 0
    /// A write is acknowledged, and synced, but never done.
    package var lostPermille = 0
    /// A write lands elsewhere in its file, and what it was meant for stays as it was.
    package var misdirectedPermille = 0
    /// One bit of a write is stored wrongly.
    package var corruptedPermille = 0
    /// A sync fails; what it was to make durable is lost, though reads still show it until a crash.
    package var syncErrorPermille = 0
    package var readErrorPermille = 0
    /// So many bytes fit into all files; nil for any number.
    package var capacityBytes: Int?
    /// So many operations more succeed; then the power is gone, and nothing is done until a crash is over. Nil for any number.
    package var operationsLeft: Int?
    /// Every operation takes so long, and now and then longer.
    package var latency = Interval.microseconds(50)
    package var slowPermille = 0
    package var slowExtra = Interval.milliseconds(50)

    package init() {}
}

/// How often each fault occurred.
package struct DiskFaultCounts: Hashable, Sendable {
    package var torn = 0
    package var lost = 0
    package var misdirected = 0
    package var corrupted = 0
    package var syncErrors = 0
    package var readErrors = 0
    package var full = 0
    package var slow = 0

    package init() {}
}
