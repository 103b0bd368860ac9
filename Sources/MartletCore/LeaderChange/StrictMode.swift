// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// While a client is about that sends its requests to some replicas only: only what is signed is proposed, and all ask for
/// signatures (protocol §4, decision 9). Begins with a leader change caused by a missing request, lasts twice as long each
/// time.
package struct StrictMode: Sendable {
    private let shortest: Interval
    private let longest: Interval
    private var length: Interval
    package private(set) var until: Instant?

    package init(_ timeouts: Timeouts) {
        shortest = timeouts.strict
        longest = timeouts.strictMax
        length = timeouts.strict
    }

    package var isOn: Bool { until != nil }

    package mutating func begin(at now: Instant) -> Instant {
        let end = now + length
        until = end
        length = min(longest, length * 2)
        return end
    }

    /// True when it has just ended.
    package mutating func end(at now: Instant) -> Bool {
        guard let end = until, end <= now else { return false }
        until = nil
        return true
    }
}
