// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// What a log writes to: numbered sectors of equal size. A write may stay in a cache until `sync`; what was not synced
/// may be there or not after a crash, wholly or in part, in any order.
package protocol BlockDevice {
    /// Bytes of one sector.
    var sectorBytes: Int { get }
    var sectorCount: Int { get }
    /// The content of whole sectors.
    mutating func read(sector: Int, count: Int) throws(DeviceError) -> Bytes
    /// Writes whole sectors; `bytes` is a multiple of a sector long.
    mutating func write(_ bytes: Bytes, sector: Int) throws(DeviceError)
    /// Returns when all that was written is durable. After an error nobody knows what is: it must not be tried again.
    mutating func sync() throws(DeviceError)
}

package enum DeviceError: Error, Hashable, Sendable {
    case outOfBounds
    case full
    case readFailed(sector: Int)
    case writeFailed
    case syncFailed
}
