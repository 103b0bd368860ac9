// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MartletSimulation
import MartletTypes
import Testing

@testable import MartletOptimizer

/// The heuristic on groups drawn from measured latencies: CSV files in the directory that `MARTLET_LATENCIES` names, which
/// say their unit in their names (`…-oneway-us…`, `…-rtt-ms…`).
@Suite(.enabled(if: Measurements.directory != nil, "MARTLET_LATENCIES names no directory"))
struct MeasuredGroupTests {
    @Test func theHeuristicFindsTheOptimum() throws {
        let matrices = try Self.matrices()
        #expect(!matrices.isEmpty)
        var misses = 0
        var count = 0
        for (place, matrix) in matrices.enumerated() {
            for seed: UInt64 in 0..<50 {
                let model = Self.model(matrix, seed: seed &+ UInt64(place) << 32)
                let ids = (0..<model.rule.n).map { ReplicaID(UInt16($0)) }
                let comparison = Comparison(model, ids: ids, seed: seed)
                count += 1
                if !comparison.isEqual { misses += 1 }
                #expect(comparison.excessPermille <= 10, "matrix \(place), seed \(seed)")
            }
        }
        #expect(misses * 100 <= count)
    }

    /// A group of 4 to 9 replicas at regions of the matrix.
    private static func model(_ matrix: LatencyMatrix, seed: UInt64) -> LatencyModel {
        var random = SplitMix64(seed: seed)
        var regions = Array(matrix.regions.indices)
        for place in regions.indices.dropLast() { regions.swapAt(place, place + random.below(regions.count - place)) }
        regions = Array(regions.prefix(4 + random.below(6)))
        let f = 1 + random.below((regions.count - 1) / 3)
        let links = LinkLatencies(
            sanitizing: regions.map { from in
                regions.map { Latency((matrix.delay(from: from, to: $0).nanoseconds + 500) / 1_000) }
            })
        return LatencyModel(
            rule: QuorumRule(faultModel: .byzantine, n: regions.count, f: f), propose: links, vote: links)
    }

    private static func matrices() throws -> [LatencyMatrix] {
        let directory = Measurements.directory ?? ""
        let names = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".csv") }
        return try names.sorted().map { name in
            let text = try String(contentsOf: URL(filePath: directory + "/" + name), encoding: .utf8)
            let unit: LatencyMatrix.Unit = name.contains("oneway-us") ? .oneWayMicroseconds : .roundTripMilliseconds
            return try LatencyMatrix(csv: text, unit: unit)
        }
    }
}

private enum Measurements {
    static var directory: String? { ProcessInfo.processInfo.environment["MARTLET_LATENCIES"] }
}
