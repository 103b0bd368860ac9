// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Histogram
import MartletTypes

/// What became of the operations of one interval.
struct LoadRecord: Sendable {
    private static let latencyMax: UInt64 = 600_000_000_000

    /// In nanoseconds.
    private var latencies = Histogram<UInt64>(
        lowestDiscernibleValue: 1_000, highestTrackableValue: latencyMax, numberOfSignificantValueDigits: .three)
    private(set) var completed = 0
    private(set) var failed = 0
    private(set) var firstFailure: String?
    private(set) var longestGap = Interval.zero
    private var lastCompletion: Instant

    init(from start: Instant) { lastCompletion = start }

    mutating func completed(after latency: Interval, at now: Instant) {
        completed += 1
        latencies.record(min(latency.nanoseconds, Self.latencyMax))
        longestGap = max(longestGap, now.since(lastCompletion))
        lastCompletion = now
    }

    mutating func failed(_ reason: @autoclosure () -> String) {
        failed += 1
        if firstFailure == nil { firstFailure = reason() }
    }

    mutating func end(at now: Instant) { longestGap = max(longestGap, now.since(lastCompletion)) }

    /// In microseconds.
    func latency(atPercentile percentile: Double) -> Double {
        completed == 0 ? 0 : Double(latencies.valueAtPercentile(percentile)) / 1_000
    }
}
