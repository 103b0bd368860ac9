// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// Nobody looks nearer to a correct replica than the links between the two are short (adaptation §2), whatever it answers
/// and whenever.
package struct MeasuringChecker: Sendable {
    package private(set) var looks = 0
    /// How often another replica was missing.
    package private(set) var missing = 0

    package init() {}

    /// `shortest`: what a message takes at least, there and back.
    package mutating func measured(
        _ latency: LinkLatency, of other: Int, by replica: Int, shortest: Interval, at now: Instant
    ) -> Violation? {
        guard !latency.isMissing else {
            missing += 1
            return nil
        }
        looks += 1
        // Half of it, and half a microsecond for rounding.
        guard UInt64(latency.rawValue) * 2_000 + 1_000 < shortest.nanoseconds else { return nil }
        return Violation(
            .measuring, at: now,
            "replica \(replica) takes \(other) to be \(latency) away, but there and back takes \(shortest) at least")
    }
}
