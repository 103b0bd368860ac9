// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// Latencies that were measured, in microseconds.
struct LatencySample: Sendable {
    /// The shortest first.
    let sorted: [Double]

    init(_ microseconds: [Double]) { sorted = microseconds.sorted() }

    var count: Int { sorted.count }

    /// Nil where nothing was measured.
    var mean: Double? { Self.mean(sorted[...]) }

    /// Of the 11th to the 90th percentile: without the shortest and the longest tenth.
    var middleMean: Double? {
        let tenth = count / 10
        return Self.mean(sorted[tenth..<count - tenth])
    }

    /// The shortest that so many percent of all do not exceed.
    func percentile(_ percent: Int) -> Double? {
        precondition((1...100).contains(percent))
        guard count > 0 else { return nil }
        return sorted[max(0, (count * percent + 99) / 100 - 1)]
    }

    private static func mean(_ values: ArraySlice<Double>) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
}
