// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// No runaway: a run ends by itself. Replicas that answer each other without pause, or wake without end in one instant,
/// would keep the simulator busy for ever; here they break a rule like any other defect.
package struct RunawayChecker: Sendable {
    /// How much may happen.
    package struct Limits: Hashable, Sendable {
        /// Events at one virtual instant.
        package var perInstantMax = 20_000
        /// Events and messages sent in one run.
        package var perRunMax = 10_000_000
        /// How often a replica's own messages may come back to it in one step of its ordering stage.
        package var loopbackMax = 10_000

        package init() {}
    }

    private let limits: Limits
    private var instant = Instant.zero
    private var atInstant = 0
    private var events = 0

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// One more event; `messages`: how many were sent so far.
    package mutating func happened(messages: Int, at now: Instant) -> Violation? {
        if now != instant {
            instant = now
            atInstant = 0
        }
        atInstant += 1
        events += 1
        if atInstant > limits.perInstantMax {
            return Violation(.runaway, at: now, "more than \(limits.perInstantMax) events at one instant")
        }
        guard events + messages > limits.perRunMax else { return nil }
        return Violation(
            .runaway, at: now,
            "\(events) events and \(messages) messages: together more than \(limits.perRunMax)")
    }

    /// A replica took its own messages so often in one step of its ordering stage.
    package func looped(_ rounds: Int, replica: Int, at now: Instant) -> Violation? {
        guard rounds >= limits.loopbackMax else { return nil }
        return Violation(
            .runaway, at: now, "replica \(replica) goes on sending messages to itself after \(rounds) rounds")
    }
}
