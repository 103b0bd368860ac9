// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What `martlet bench durability` measured, beside what is aimed at.
struct DurabilityReport: Sendable {
    struct Side: Sendable {
        /// Of the closed loop: operations a second, and microseconds.
        let throughput: Double
        let p50: Double
        /// Operations a second, and microseconds; 0 where no load was answered in time.
        let knee: Double
        let kneeP99: Double
    }

    struct Round: Sendable {
        let syncMicroseconds: Double
        let memory: Side
        let durable: Side
    }

    struct Target: Sendable {
        let name: String
        let measured: Double
        let bound: Double
        /// Whether the bound is the least or the most.
        let isLeast: Bool
        let unit: String

        var isMet: Bool { isLeast ? measured >= bound : measured <= bound }
    }

    /// The syncs that an operation waits for: that before WRITE and that before ACCEPT.
    static let syncsOnPath = 2.0

    let sentence: String
    let clients: Int
    let latencyMax: Double
    let rounds: [Round]

    private func median(_ value: (Round) -> Double) -> Double { OverheadReport.median(rounds.map(value)) ?? 0 }

    /// Ratios and bounds are taken within each round, and then their medians.
    var targets: [Target] {
        [
            Target(
                name: "knee, of memory's",
                measured: median { $0.memory.knee > 0 ? 100 * $0.durable.knee / $0.memory.knee : 0 }, bound: 60,
                isLeast: true, unit: "%"),
            Target(
                name: "closed loop, throughput", measured: median { $0.durable.throughput },
                bound: median {
                    0.8 * Double(clients) * 1e6 / ($0.memory.p50 + Self.syncsOnPath * $0.syncMicroseconds)
                }, isLeast: true, unit: "op/s"),
            Target(
                name: "closed loop, p50", measured: median { $0.durable.p50 },
                bound: median { $0.memory.p50 + 2 * $0.syncMicroseconds }, isLeast: false, unit: "µs"),
        ]
    }

    var text: String {
        var table = ConsoleTable([.init("median"), .init("memory", .right), .init("durable", .right), .init("")])
        for (name, value, unit) in Self.figures {
            table.add([
                name, Rounding.text(median { value($0.memory) }, digits: 0),
                Rounding.text(median { value($0.durable) }, digits: 0), unit,
            ])
        }
        var aims = ConsoleTable([.init("target"), .init("measured", .right), .init("bound", .right), .init("")])
        for target in targets {
            aims.add([
                target.name, Rounding.text(target.measured, digits: 0),
                (target.isLeast ? "≥ " : "≤ ") + Rounding.text(target.bound, digits: 0),
                target.unit + (target.isMet ? "" : ", missed"),
            ])
        }
        let sync = Rounding.text(median(\.syncMicroseconds), digits: 0)
        return """
            \(sentence); \(rounds.count) rounds
            a sync takes \(sync) µs when all replicas' logs write at once; at the knee 99 of 100 within \
            \(Rounding.text(latencyMax, digits: 0)) ms

            \(table.text)

            \(aims.text)
            """
    }

    private static let figures: [(String, @Sendable (Side) -> Double, String)] = [
        ("closed loop, throughput", { $0.throughput }, "op/s"), ("closed loop, p50", { $0.p50 }, "µs"),
        ("knee", { $0.knee }, "op/s"), ("knee, p99", { $0.kneeP99 }, "µs"),
    ]

    var json: JSONValue {
        .object([
            "clients": .integer(clients), "latencyMaxMilliseconds": .number(latencyMax),
            "rounds": .list(
                rounds.map {
                    .object([
                        "syncMicroseconds": .number($0.syncMicroseconds), "memory": Self.json($0.memory),
                        "durable": Self.json($0.durable),
                    ])
                }),
            "targets": .list(
                targets.map {
                    .object([
                        "name": .text($0.name), "measured": .number($0.measured), "bound": .number($0.bound),
                        "unit": .text($0.unit), "isMet": .boolean($0.isMet),
                    ])
                }),
        ])
    }

    private static func json(_ side: Side) -> JSONValue {
        .object([
            "throughput": .number(side.throughput), "p50Microseconds": .number(side.p50),
            "knee": .number(side.knee), "kneeP99Microseconds": .number(side.kneeP99),
        ])
    }
}
