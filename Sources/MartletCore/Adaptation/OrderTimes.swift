// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How long the last instances of this regency took here from their first sign to their decision.
package struct OrderTimes: Sendable {
    static let kept = 64
    /// Fewer tell nothing.
    static let toldMin = 16

    private var times: [Interval] = []
    private var next = 0

    package init() {}

    package mutating func note(_ time: Interval) {
        if times.count < Self.kept {
            times.append(time)
        } else {
            times[next] = time
        }
        next = (next + 1) % Self.kept
    }

    /// As a member reports it.
    package var told: LinkLatency {
        times.count < Self.toldMin ? .missing : LinkLatency(UInt32(clamping: min(median ?? .max, UInt64(UInt32.max))))
    }

    /// In whole microseconds; nil while nothing was ordered.
    package var median: UInt64? {
        times.isEmpty ? nil : times.sorted()[times.count / 2].nanoseconds / 1_000
    }
}
