// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import MartletTypes

/// What `martlet bench recovery` measured.
struct RecoveryReport: Sendable {
    /// A load with all replicas there.
    struct Steady: Sendable {
        let record: LoadRecord
        let seconds: Double

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

        mutating func note(_ status: ReplicaStatus, hasCaughtUp: Bool, after seconds: Double) {
            guard status.executed > .zero else { return }
            if state == nil { state = seconds }
            if voting == nil, status.mode == .voter { voting = seconds }
            if caughtUp == nil, hasCaughtUp { caughtUp = seconds }
        }
    }

    /// What a replica has fetched of a state.
    struct Transfer: Sendable {
        let bytes: Int
        let milliseconds: Int

        /// From what the replica logs (`TransferProgress.words`), the newest of it; nil where it has fetched nothing since it was started.
        init?(log: String) {
            guard let found = log.matches(of: /bytes, (\d+) of them from others in (\d+) ms/).last,
                let bytes = Int(found.1), let milliseconds = Int(found.2), bytes > 0, milliseconds > 0
            else { return nil }
            self.bytes = bytes
            self.milliseconds = milliseconds
        }

        var megabytesPerSecond: Double { Double(bytes) / 1_000 / Double(milliseconds) }
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
        /// Processor time of the one that came back, in seconds.
        let cpuSeconds: Double
        let transfer: Transfer?

        var throughput: Double { Double(record.completed) / seconds }
    }

    let parameters: RecoveryParameters
    let few: Steady
    /// With all keys, from the end of one checkpoint to the next.
    let between: Steady
    /// With all keys, while the replicas write a checkpoint down.
    let during: Steady
    let returns: [Return]

    /// Of the load with all keys, over one period of checkpoints.
    private var throughput: Double {
        Double(between.record.completed + during.record.completed) / (between.seconds + during.seconds)
    }

    var stateBytes: Int { parameters.keys * parameters.valueBytes }

    var text: String {
        var steady = ConsoleTable([
            .init("load"), .init("op/s", .right), .init("p50 ms", .right), .init("p99 ms", .right),
            .init("longest gap ms", .right), .init("seconds", .right),
        ])
        for (name, load) in [
            ("few keys", few), ("all keys, between checkpoints", between), ("all keys, during a checkpoint", during),
        ] {
            steady.add([
                name, Rounding.text(load.throughput, digits: 0),
                Rounding.text(load.record.latency(atPercentile: 50) / 1_000, digits: 1),
                Rounding.text(load.p99, digits: 1),
                Rounding.text(Double(load.record.longestGap.nanoseconds) / 1e6, digits: 0),
                Rounding.text(load.seconds, digits: 1),
            ])
        }
        var table = ConsoleTable([
            .init("a replica"), .init("has a state", .right), .init("votes", .right), .init("has caught up", .right),
            .init("of a core", .right), .init("load meanwhile", .right), .init("longest gap ms", .right),
            .init("transfer", .right),
        ])
        for back in returns {
            table.add([
                back.kind.rawValue, Self.seconds(back.moments.state), Self.seconds(back.moments.voting),
                Self.seconds(back.moments.caughtUp),
                Rounding.text(back.cpuSeconds / back.seconds, digits: 2), share(back.throughput),
                Rounding.text(Double(back.record.longestGap.nanoseconds) / 1e6, digits: 0),
                back.transfer.map { Rounding.text($0.megabytesPerSecond, digits: 0) + " MB/s" } ?? "",
            ])
        }
        return """
            \(parameters.keys) keys with \(parameters.valueBytes) bytes each, \(parameters.clients) clients that write, \
            n = \(parameters.n), durable, a checkpoint every \(parameters.checkpointPeriod) instances

            \(steady.text)

            \(table.text)
            """
    }

    /// Of the load with all keys and all replicas.
    private func share(_ operations: Double) -> String {
        Rounding.text(100 * operations / max(throughput, 1), digits: 0) + " %"
    }

    private static func seconds(_ value: Double?) -> String { value.map { Rounding.text($0, digits: 1) + " s" } ?? "" }

    var json: JSONValue {
        .object([
            "keys": .integer(parameters.keys), "valueBytes": .integer(parameters.valueBytes),
            "clients": .integer(parameters.clients), "n": .integer(parameters.n),
            "checkpointPeriod": .integer(parameters.checkpointPeriod), "away": .integer(parameters.away),
            "few": Self.json(few), "between": Self.json(between), "during": Self.json(during),
            "throughput": .number(throughput),
            "returns": .list(
                returns.map { back in
                    .object([
                        "kind": .text(back.kind.rawValue),
                        "stateSeconds": Self.json(back.moments.state), "votingSeconds": Self.json(back.moments.voting),
                        "caughtUpSeconds": Self.json(back.moments.caughtUp),
                        "throughput": .number(back.throughput),
                        "cpuSeconds": .number(back.cpuSeconds), "seconds": .number(back.seconds),
                        "transferMegabytesPerSecond": Self.json(
                            back.transfer?.megabytesPerSecond),
                        "transferBytes": back.transfer.map { .integer($0.bytes) } ?? .null,
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
            "p99Milliseconds": .number(load.p99), "seconds": .number(load.seconds),
            "failed": .integer(load.record.failed),
            "longestGapMilliseconds": .number(Double(load.record.longestGap.nanoseconds) / 1e6),
        ])
    }
}
