// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// The number of a layer, which is a file of chunks; grows, with gaps, and is never used again while a file has it.
package struct LayerNumber: DistinctNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package static let first = LayerNumber(1)
}
