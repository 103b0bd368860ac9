// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// How many records of each kind there are.
package struct LogRecordCounts: Hashable, Sendable {
    package private(set) var incarnations = 0
    package private(set) var views = 0
    package private(set) var entered = 0
    package private(set) var synced = 0
    package private(set) var batches = 0
    package private(set) var wrote = 0
    package private(set) var accepted = 0
    package private(set) var decided = 0
    package private(set) var stable = 0

    package init() {}

    package var total: Int {
        incarnations + views + entered + synced + batches + wrote + accepted + decided + stable
    }

    mutating func count(_ record: LogRecord) {
        switch record {
        case .incarnation: incarnations += 1
        case .view: views += 1
        case .entered: entered += 1
        case .synced: synced += 1
        case .batch: batches += 1
        case .wrote: wrote += 1
        case .accepted: accepted += 1
        case .decided: decided += 1
        case .stable: stable += 1
        }
    }
}
