// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What honest clients got in one stretch of time.
struct AttackFigures: Sendable {
    let throughput: Double
    /// In milliseconds; nil when nothing was answered.
    let p99: Double?
    /// The longest time without an answer, in milliseconds.
    let longestGap: Double

    init(_ samples: [AttackLoad.Sample], from start: Instant, to end: Instant) {
        let inside = samples.filter { $0.end >= start && $0.end < end }
        throughput = Double(inside.count) / Self.seconds(end.since(start))
        let latencies = inside.map(\.latency.nanoseconds).sorted()
        p99 = latencies.isEmpty ? nil : Double(latencies[min(latencies.count * 99 / 100, latencies.count - 1)]) / 1e6
        let moments = [start] + inside.map(\.end).sorted() + [end]
        longestGap = Double(zip(moments, moments.dropFirst()).map { $1.since($0).nanoseconds }.max() ?? 0) / 1e6
    }

    private static func seconds(_ interval: Interval) -> Double { Double(interval.nanoseconds) / 1e9 }

    /// Seconds from `start` until a whole second, begun at a step of 100 ms, has `share` of that throughput; nil when
    /// none before `end` has.
    static func recovery(
        _ samples: [AttackLoad.Sample], from start: Instant, to end: Instant, share: Double, of throughput: Double
    ) -> Double? {
        let bucket = Interval.milliseconds(100)
        let count = Int(end.since(start).nanoseconds / bucket.nanoseconds)
        guard count >= 10 else { return nil }
        var buckets = Array(repeating: 0, count: count)
        for sample in samples where sample.end >= start && sample.end < end {
            let place = Int(sample.end.since(start).nanoseconds / bucket.nanoseconds)
            if place < count { buckets[place] += 1 }
        }
        let first = (0...(count - 10)).first { place in
            Double(buckets[place..<(place + 10)].reduce(0, +)) >= share * throughput
        }
        return first.map { Double($0) / 10 }
    }
}
