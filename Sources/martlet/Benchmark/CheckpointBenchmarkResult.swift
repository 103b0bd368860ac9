// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What `martlet bench checkpoint` measured.
struct CheckpointBenchmarkResult {
    struct Step {
        let name: String
        let took: Duration
        /// What of that the processor spent on it: on a busy machine, less.
        let cpuSeconds: Double
        /// Hashed, and new on the disk; of a restored state, all.
        let bytes: Int

        var seconds: Double { Double(took.components.seconds) + Double(took.components.attoseconds) * 1e-18 }
    }

    let keys: Int
    let valueBytes: Int
    let chunks: Int
    let steps: [Step]
    /// Of this process; nil where the system does not say.
    let residentBytesMax: Int?

    var text: String {
        var table = ConsoleTable([
            .init("checkpoint"), .init("seconds", .right), .init("CPU", .right), .init("MB", .right),
            .init("MB/s of CPU", .right),
        ])
        for step in steps {
            let megabytes = Double(step.bytes) / 1e6
            table.add([
                step.name, Self.text(step.seconds, places: 3), Self.text(step.cpuSeconds, places: 2),
                Self.text(megabytes, places: 1), Self.text(megabytes / max(step.cpuSeconds, 0.01), places: 0),
            ])
        }
        let memory = residentBytesMax.map { ", at most \(($0 + 500_000) / 1_000_000) MB of memory" } ?? ""
        return "\(keys) keys with \(valueBytes) bytes each, \(chunks) chunks\(memory)\n" + table.text
    }

    var json: JSONValue {
        .object([
            "keys": .integer(keys), "valueBytes": .integer(valueBytes), "chunks": .integer(chunks),
            "residentBytesMax": residentBytesMax.map { .integer($0) } ?? .null,
            "steps": .list(
                steps.map {
                    .object([
                        "name": .text($0.name), "seconds": .number($0.seconds), "cpuSeconds": .number($0.cpuSeconds),
                        "bytes": .integer($0.bytes),
                    ])
                }),
        ])
    }

    private static func text(_ value: Double, places: Int) -> String {
        guard places > 0 else { return "\(Int(value.rounded()))" }
        let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
        let scaled = Int((value * Double(scale)).rounded())
        let rest = "\(scaled % scale)"
        return "\(scaled / scale)." + String(repeating: "0", count: places - rest.count) + rest
    }
}
