// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What a replica has found damaged on its disk since it was started.
struct DiskDamage: Hashable, Sendable {
    var found = 0
    var isLogDamaged = false
    /// So many snapshots are not written again yet.
    var damagedSnapshots = 0

    var isMended: Bool { !isLogDamaged && damagedSnapshots == 0 }
}
