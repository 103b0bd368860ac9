// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// How long the last instances of this view took here from their first sign to their decision. For people: nothing that is
/// decided rests on it.
package struct OrderTimes: Sendable {
    static let kept = 64

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

    /// In whole microseconds; nil while nothing was ordered.
    package var median: UInt64? {
        times.isEmpty ? nil : times.sorted()[times.count / 2].nanoseconds / 1_000
    }
}
