// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes
import Synchronization

/// The last lines that each replica's process wrote, to tell why one did not start.
final class LineLog: Sendable {
    private static let linesMax = 20

    private let lines = Mutex<[ReplicaID: [String]]>([:])

    func add(_ line: String, of replica: ReplicaID) {
        lines.withLock { lines in
            lines[replica, default: []].append(line)
            if (lines[replica]?.count ?? 0) > Self.linesMax { lines[replica]?.removeFirst() }
        }
    }

    func text(of replica: ReplicaID) -> String {
        lines.withLock { $0[replica] ?? [] }.map { "  \($0)" }.joined(separator: "\n")
    }
}
