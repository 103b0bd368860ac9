// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletSimulation
import MartletTypes

/// What was measured.
struct BenchmarkResult: Sendable {
    let parameters: BenchmarkParameters
    let record: LoadRecord
    let seconds: Double
    /// Of the client, then of each replica; nil for one that has ended.
    let cpuMicroseconds: [Double?]
    /// Of each replica that runs.
    let residentBytes: [Int]
    let killedLeader: ReplicaID?
    var history: ClientHistory?

    var throughput: Double { Double(record.completed) / seconds }

    /// Over all processes; nil when one of them ended meanwhile, so that its time is not known.
    var cpuMicrosecondsPerOperation: Double? {
        guard record.completed > 0 else { return nil }
        var sum = 0.0
        for time in cpuMicroseconds {
            guard let time else { return nil }
            sum += time
        }
        return sum / Double(record.completed)
    }

    /// Of the largest.
    var residentBytesPerReplica: Int { residentBytes.max() ?? 0 }

    // MARK: Telling

    var text: String {
        var table = ConsoleTable([.init("measured"), .init("", .right), .init("")])
        table.add(["throughput", Rounding.text(throughput, digits: 0), "op/s"])
        for (name, percentile) in Self.percentiles {
            table.add(["latency \(name)", Rounding.text(record.latency(atPercentile: percentile), digits: 0), "µs"])
        }
        let cpu = cpuMicrosecondsPerOperation.map { Rounding.text($0, digits: 1) } ?? "unknown"
        table.add(["CPU per operation", cpu, "µs over \(cpuMicroseconds.count) processes: \(shares)"])
        let megabytes = Double(residentBytesPerReplica) / 1_048_576
        table.add(["memory per replica", Rounding.text(megabytes, digits: 0), "MiB resident, the largest"])
        let gap = Double(record.longestGap.nanoseconds) / 1_000_000
        let about = killedLeader.map { "leader (replica \($0)) killed on the way" } ?? ""
        table.add(["longest gap", Rounding.text(gap, digits: 1), about.isEmpty ? "ms" : "ms, \(about)"])
        if record.failed > 0 { table.add(["failed", "\(record.failed)", record.firstFailure ?? ""]) }
        return "\(parameters.sentence)\n\n\(table.text)"
    }

    private var shares: String {
        let parts = cpuMicroseconds.map { time in
            time.map { Rounding.text($0 / Double(max(record.completed, 1)), digits: 1) } ?? "?"
        }
        return "client \(parts[0]), replicas \(parts.dropFirst().joined(separator: " "))"
    }

    private static let percentiles = [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9)]

    var json: JSONValue {
        let latency = zip(["p50", "p90", "p99", "p999"], Self.percentiles).map { name, percentile in
            JSONValue.Member(name: name, value: .number(record.latency(atPercentile: percentile.1)))
        }
        var members = parameters.json
        members += [
            .init(name: "throughput", value: .number(throughput)),
            .init(name: "latencyMicroseconds", value: .object(latency)),
            .init(
                name: "cpuMicrosecondsPerOperation",
                value: cpuMicrosecondsPerOperation.map { .number($0) } ?? .null),
            .init(name: "residentBytesPerReplica", value: .integer(residentBytesPerReplica)),
            .init(name: "operations", value: .integer(record.completed)),
            .init(name: "failed", value: .integer(record.failed)),
            .init(
                name: "longestGapMilliseconds", value: .number(Double(record.longestGap.nanoseconds) / 1_000_000)),
        ]
        return .object(members)
    }
}
