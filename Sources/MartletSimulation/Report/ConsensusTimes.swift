// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How long instances took their leaders: from sending PROPOSE to deciding. Only of replicas that do not lie.
package struct ConsensusTimes: Sendable {
    package struct Entry: Hashable, Sendable {
        package let instance: Instance
        package let leader: Int
        package let proposed: Instant
        package let took: Interval
    }

    /// By instance: who leads it, and when that one first proposed it. Only looked up.
    private var running: [Instance: (epoch: Epoch, leader: Int, at: Instant)] = [:]
    /// In the order of deciding.
    package private(set) var entries: [Entry] = []

    /// What is sent again counts from the first time on.
    mutating func proposed(_ instance: Instance, in epoch: Epoch, by leader: Int, at now: Instant) {
        if let known = running[instance], known.epoch >= epoch { return }
        running[instance] = (epoch, leader, now)
    }

    mutating func decided(_ instance: Instance, by replica: Int, at now: Instant) {
        guard let begin = running[instance], begin.leader == replica else { return }
        running[instance] = nil
        entries.append(Entry(instance: instance, leader: replica, proposed: begin.at, took: now.since(begin.at)))
    }
}
