// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes
import Synchronization

/// What becomes of the replicas while their power is cut, and what is wrong with it.
final class PowerCutRecord: Sendable {
    private struct State {
        var counts = PowerCutCounts()
        var violations: [String] = []
    }

    private static let violationsMax = 20

    private let state = Mutex(State())

    var counts: PowerCutCounts { state.withLock { $0.counts } }
    var violations: [String] { state.withLock { $0.violations } }

    func change(_ body: (inout PowerCutCounts) -> Void) { state.withLock { body(&$0.counts) } }

    func found(_ violation: String) {
        state.withLock { state in
            if state.violations.count < Self.violationsMax { state.violations.append(violation) }
        }
    }

    /// A line that a replica logs. No power cut is a reason to log an error: what was synced is there, and all else was never said.
    func read(_ line: String, of replica: ReplicaID) {
        if let loss = VolatileDisk.loss(in: line) {
            return change { counts in
                counts.loss += loss
                counts.losers += 1
            }
        }
        if let place = line.firstRange(of: "  error: ") {
            found("replica \(replica) says: \(line[place.upperBound...])")
        }
    }
}
