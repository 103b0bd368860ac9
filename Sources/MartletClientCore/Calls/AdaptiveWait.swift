// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// How long to wait for an answer before doing something about it: four times the usual latency, within bounds.
struct AdaptiveWait {
    private let min: Interval
    private let max: Interval
    /// Smoothed; nil until something was measured.
    private var latency: UInt64?
    /// A little longer by chance, the same for all calls of a client, so that clients do not repeat in step.
    private let spread: UInt64

    init(min: Interval, max: Interval, seed: UInt64) {
        self.min = min
        self.max = max
        // Up to a quarter of the shortest wait. The multiplier mixes the seed's bits (Knuth, TAOCP 6.4).
        spread = ((seed &* 0x9e37_79b9_7f4a_7c15) >> 32) % (min.nanoseconds / 4 + 1)
    }

    mutating func measured(_ sample: Interval) {
        guard let old = latency else { return latency = sample.nanoseconds }
        latency = old - old / 8 + sample.nanoseconds / 8
    }

    /// After so many repetitions: doubles with each.
    func wait(repetitions: Int) -> Interval {
        let usual = Interval(nanoseconds: latency ?? 0) * 4
        let first = Swift.max(min + Interval(nanoseconds: spread), usual)
        return Swift.min(first * (1 << UInt64(Swift.min(repetitions, 16))), Swift.max(max, min))
    }
}
