// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletTransport
import MartletTypes

/// `martlet bench durability`.
struct DurabilityBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "durability", abstract: "Measure what it costs that nothing is lost.",
        discussion: """
            In each round a group that writes down what it votes for, and one that does not: with sessions that have one \
            operation outstanding each, and at the knee, the highest rate of operations at random moments of which 99 of 100 \
            are answered within a limit, counted from when they were due. Beside it the time of a sync on the same disk. \
            Machines are noisy: figures are medians of rounds, and ratios are between runs of one round.
            """)

    @Option(help: "How often all is measured.") var rounds = 3
    @Option(help: "How many sessions.") var clients = 200
    @Option(help: "Bytes of each operation.") var payload = 0
    @Option(help: "How long the closed loop is measured, in seconds.") var seconds = 5
    @Option(help: "How long each rate is, in the search for the knee.") var kneeSeconds = 2
    @Option(help: "Within so many milliseconds 99 of 100 are answered at the knee.") var latencyMax = 25.0
    @Option(help: "How many replicas.") var n = 4
    @Option(help: "In which directory groups are made: that is, on which disk (default: the temporary one).")
    var directory: String?
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws {
        let ranges = [
            ("rounds", rounds, 1...100), ("clients", clients, 1...1024), ("payload", payload, 0...(1 << 20)),
            ("seconds", seconds, 1...3600), ("knee-seconds", kneeSeconds, 1...3600),
            ("n", n, 1...ReplicaSet.membersMax),
        ]
        for (name, value, range) in ranges where !range.contains(value) {
            throw ValidationError("--\(name) must be from \(range.lowerBound) to \(range.upperBound)")
        }
        guard (1...10_000).contains(latencyMax) else {
            throw ValidationError("--latency-max must be from 1 to 10000 milliseconds")
        }
    }

    func run() async throws {
        let console = Console(isJSON: json)
        let parameters = BenchmarkParameters(
            payload: payload, reply: 0, clients: clients, connections: 1, seconds: seconds, warmup: 1, n: n, f: nil,
            faultModel: .byzantine, window: nil, security: .tls, signs: false, killsLeader: false, tellsLog: false)
        let benchmark = DurabilityBenchmark(
            parameters: parameters, rounds: rounds, latencyMax: latencyMax, kneeSeconds: kneeSeconds)
        let parent = directory
        let report = try await Interruptible.run {
            try await benchmark.run(
                directory: { ScratchDirectory(within: parent, kind: $0) }, { Console.note($0) })
        }
        console.say(report.text)
        console.report(report.json)
    }
}
