// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How much more memory processes have in use than when the watch began.
final class MemoryWatch: Sendable {
    private let watched: [(process: ReplicaProcess, before: Int)]
    private let growth = Mutex(0)

    init(_ processes: [ReplicaProcess]) {
        watched = processes.map { process in
            (process, process.processIdentifier.flatMap(ProcessUsage.residentBytes) ?? 0)
        }
    }

    func look() {
        let now = watched.map { entry in
            (entry.process.processIdentifier.flatMap(ProcessUsage.residentBytes) ?? 0) - entry.before
        }
        growth.withLock { $0 = max($0, now.max() ?? 0) }
    }

    /// Of the process that grew most, at the time at which it was largest.
    var growthBytes: Int { growth.withLock { $0 } }
}
