// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What `martlet bench recovery` measured.
struct RecoveryReport: Sendable {
    /// A load with all replicas there.
    struct Steady: Sendable {
        let record: LoadRecord
        let seconds: Double
        /// How many became stable meanwhile.
        let checkpoints: Int

        var throughput: Double { Double(record.completed) / seconds }
        /// In milliseconds.
        var p99: Double { record.latency(atPercentile: 99) / 1_000 }
    }

    /// When it was seen for the first time, in seconds from the start of the process.
    struct Moments: Sendable {
        private(set) var state: Double?
        private(set) var voting: Double?
        private(set) var caughtUp: Double?

        var isComplete: Bool { state != nil && voting != nil && caughtUp != nil }

        mutating func note(isVoter: Bool, hasCaughtUp: Bool, hasState: Bool, after seconds: Double) {
            guard hasState else { return }
            if state == nil { state = seconds }
            if voting == nil, isVoter { voting = seconds }
            if caughtUp == nil, hasCaughtUp { caughtUp = seconds }
        }
    }

    struct Return: Sendable {
        enum Kind: String, CaseIterable {
            case restarted, away, wiped
        }

        let kind: Kind
        let moments: Moments
        /// Of the load, from the start of the process until it had caught up.
        let record: LoadRecord
        let seconds: Double

        var throughput: Double { Double(record.completed) / seconds }
    }

    let parameters: RecoveryParameters
    let few: Steady
    let all: Steady
    let returns: [Return]

    var stateBytes: Int { parameters.keys * parameters.valueBytes }

    var text: String {
        var steady = ConsoleTable([
            .init("load"), .init("op/s", .right), .init("p50 ms", .right), .init("p99 ms", .right),
            .init("checkpoints", .right), .init("longest gap ms", .right),
        ])
        for (name, load) in [("few keys", few), ("all keys", all)] {
            steady.add([
                name, Rounding.text(load.throughput, digits: 0),
                Rounding.text(load.record.latency(atPercentile: 50) / 1_000, digits: 1),
                Rounding.text(load.p99, digits: 1), "\(load.checkpoints)",
                Rounding.text(Double(load.record.longestGap.nanoseconds) / 1e6, digits: 0),
            ])
        }
        var table = ConsoleTable([
            .init("a replica"), .init("has a state", .right), .init("votes", .right), .init("has caught up", .right),
            .init("load meanwhile", .right), .init("longest gap ms", .right),
        ])
        for back in returns {
            table.add([
                back.kind.rawValue, Self.seconds(back.moments.state), Self.seconds(back.moments.voting),
                Self.seconds(back.moments.caughtUp),
                Rounding.text(100 * back.throughput / max(all.throughput, 1), digits: 0) + " %",
                Rounding.text(Double(back.record.longestGap.nanoseconds) / 1e6, digits: 0),
            ])
        }
        return """
            \(parameters.keys) keys with \(parameters.valueBytes) bytes each, \(parameters.clients) clients that write, \
            n = \(parameters.n), durable, a checkpoint every \(parameters.checkpointPeriod) instances

            \(steady.text)

            \(table.text)
            """
    }

    private static func seconds(_ value: Double?) -> String { value.map { Rounding.text($0, digits: 1) + " s" } ?? "" }

    var json: JSONValue {
        .object([
            "keys": .integer(parameters.keys), "valueBytes": .integer(parameters.valueBytes),
            "clients": .integer(parameters.clients), "n": .integer(parameters.n),
            "checkpointPeriod": .integer(parameters.checkpointPeriod), "away": .integer(parameters.away),
            "few": Self.json(few), "all": Self.json(all),
            "returns": .list(
                returns.map { back in
                    .object([
                        "kind": .text(back.kind.rawValue),
                        "stateSeconds": Self.json(back.moments.state), "votingSeconds": Self.json(back.moments.voting),
                        "caughtUpSeconds": Self.json(back.moments.caughtUp),
                        "throughput": .number(back.throughput),
                        "failed": .integer(back.record.failed),
                        "longestGapMilliseconds": .number(Double(back.record.longestGap.nanoseconds) / 1e6),
                    ])
                }),
        ])
    }

    private static func json(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }

    private static func json(_ load: Steady) -> JSONValue {
        .object([
            "throughput": .number(load.throughput),
            "p50Milliseconds": .number(load.record.latency(atPercentile: 50) / 1_000),
            "p99Milliseconds": .number(load.p99), "checkpoints": .integer(load.checkpoints),
            "failed": .integer(load.record.failed),
            "longestGapMilliseconds": .number(Double(load.record.longestGap.nanoseconds) / 1e6),
        ])
    }
}
