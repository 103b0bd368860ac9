// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletLog

/// What a replica has found damaged on its disk since it was started.
struct DiskDamage: Hashable, Sendable {
    var found = 0
    var isLogDamaged = false
    /// What the last look at the log found: it is counted once.
    var inLog: [LogDamage] = []
    /// So many snapshots are not written again yet.
    var damagedSnapshots = 0

    var isMended: Bool { !isLogDamaged && damagedSnapshots == 0 }
}
