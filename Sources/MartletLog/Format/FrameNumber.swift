// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The number of a frame in the whole life of a log: 1, 2, 3 and so on. What a newer segment does not take over is
/// written again under numbers of its own.
package struct FrameNumber: DistinctNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    /// Before the first.
    package static let zero = FrameNumber(0)
    package var previous: FrameNumber { FrameNumber(rawValue == 0 ? 0 : rawValue - 1) }
}
