// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletCore
package import MartletTypes

/// Total order: every replica executes instance after instance, leaving out none but by taking over a checkpoint, and
/// agreed time grows.
package struct OrderChecker: Sendable {
    private var last: [Instance]
    private var times: [Timestamp]

    package init(replicas: Int) {
        last = Array(repeating: .zero, count: replicas)
        times = Array(repeating: .zero, count: replicas)
    }

    package mutating func executed(_ execution: Execution, by replica: Int, at now: Instant) -> Violation? {
        defer {
            last[replica] = execution.instance
            times[replica] = execution.time
        }
        guard execution.instance == last[replica] + 1 else {
            return Violation(
                .totalOrder, at: now,
                "replica \(replica) executed instance \(execution.instance) after \(last[replica])")
        }
        guard execution.time > times[replica] else {
            return Violation(
                .totalOrder, at: now,
                "agreed time of instance \(execution.instance) is \(execution.time), not later than \(times[replica])")
        }
        return nil
    }

    package mutating func installed(_ instance: Instance, time: Timestamp, by replica: Int, at now: Instant)
        -> Violation?
    {
        defer {
            last[replica] = instance
            times[replica] = time
        }
        guard instance >= last[replica] else {
            return Violation(
                .totalOrder, at: now,
                "replica \(replica) went back from instance \(last[replica]) to the checkpoint after \(instance)")
        }
        return nil
    }

    package mutating func restarted(_ replica: Int) {
        last[replica] = .zero
        times[replica] = .zero
    }
}
