// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletKV
import MartletTypes

/// `martlet bench recovery`.
struct RecoveryBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recovery", abstract: "Measure how a replica comes back to a large state under full load.",
        discussion: """
            Fills the key-value service of a durable group, compares the load with that on a small state, between checkpoints and \
            during one, and then kills one replica under load: it starts again at once; after the others have gone on for long; and with everything on its \
            disk gone. Tells when it has a state, votes, and has caught up, and what the others did meanwhile.
            """)

    @Option(help: "How many keys.") var keys = 1_000_000
    @Option(help: "Bytes of each value.") var valueBytes = 1_000
    @Option(help: "How many sessions, with one operation outstanding each.") var clients = 50
    @Option(help: "How long loads are measured, in seconds.") var seconds = 10
    @Option(help: "How many operations are answered while the replica is away.") var away = 100_000
    @Option(help: "After how many instances the group takes a checkpoint.") var checkpointPeriod = 8_192
    @Option(help: "How many replicas.") var n = 4
    @Flag(help: "Show what the replicas log.") var log = false
    @Option(help: "Where to keep the group (default: a temporary directory that is removed).") var directory: String?
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws {
        let ranges = [
            ("keys", keys, 1_000...50_000_000), ("value-bytes", valueBytes, 8...KVLimits.valueBytesMax),
            ("clients", clients, 1...1024), ("seconds", seconds, 1...3600), ("away", away, 1...1_000_000_000),
            ("checkpoint-period", checkpointPeriod, 8...16_384), ("n", n, 4...ReplicaSet.membersMax),
        ]
        for (name, value, range) in ranges where !range.contains(value) {
            throw ValidationError("--\(name) must be from \(range.lowerBound) to \(range.upperBound)")
        }
        guard keys * (valueBytes + 64) <= KVLimits.stateBytesMax else {
            throw ValidationError("so much does not fit into the service (\(KVLimits.stateBytesMax) bytes)")
        }
    }

    func run() async throws {
        let console = Console(isJSON: json)
        let place = ScratchDirectory(named: directory, kind: "recovery", keeps: false)
        defer { place.removeIfTemporary() }
        let parameters = RecoveryParameters(
            keys: keys, valueBytes: valueBytes, clients: clients, seconds: seconds, away: away, n: n,
            checkpointPeriod: checkpointPeriod, tellsLog: log)
        let benchmark = RecoveryBenchmark(parameters: parameters, directory: place.path) { Console.note($0) }
        let report = try await Interruptible.run { try await benchmark.run() }
        console.say(report.text)
        console.report(report.json)
    }
}
