// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletTransport
import MartletTypes

/// `martlet bench`, or `martlet bench load`: the microbenchmark.
struct LoadBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Throughput, latency, CPU and memory (what `bench` alone measures).",
        discussion: """
            Starts the replicas as separate processes with a service that does nothing, and lets sessions with one \
            operation outstanding each do as much as they can. CPU time is the operating system's own account of all \
            processes, this one too, over exactly the measured interval.
            """)

    @Option(help: "Bytes of each operation.") var payload = 0
    @Option(help: "Bytes of each result.") var reply = 0
    @Option(help: "How many sessions, with one operation outstanding each.") var clients = 200
    @Option(help: "1: all share one connection to each replica; as many as clients: each has its own, and its own key.")
    var connections = 1
    @Option(help: "How long to measure.") var seconds = 5
    @Option(help: "How many seconds pass before that.") var warmup = 2
    @Option(help: "How many replicas.") var n = 4
    @Option(help: "How many of them may be faulty (default: as many as can be).") var f: Int?
    @Option(help: "byzantine or crash.") var faultModel = "byzantine"
    @Option(help: "How many instances may run at the same time.") var window: Int?
    @Flag(help: "Replicas write down what they vote for, to see the price of that.") var durable = false
    @Flag(help: "Sign every request.") var sign = false
    @Flag(help: "Without TLS, to see its price.") var insecurePlaintext = false
    @Flag(help: "Kill the leader halfway, and see how long nothing is answered.") var killLeader = false
    @Flag(help: "Show what the replicas log: leader changes, first of all.") var log = false
    @Option(help: "Where to keep the group (default: a temporary directory that is removed).") var directory: String?
    @Option(
        help: "Load the key-value service instead, and write each call and its outcome to this file (docs/HISTORY.md).")
    var history: String?
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws {
        let ranges = [
            ("payload", payload, 0...(1 << 20)), ("reply", reply, 0...(1 << 20)), ("clients", clients, 1...1024),
            ("seconds", seconds, 1...3600), ("warmup", warmup, 0...3600), ("n", n, 1...ReplicaSet.membersMax),
        ]
        for (name, value, range) in ranges where !range.contains(value) {
            throw ValidationError("--\(name) must be from \(range.lowerBound) to \(range.upperBound)")
        }
        guard connections == 1 || connections == clients else {
            throw ValidationError("--connections is 1 (shared by all) or as many as --clients (\(clients))")
        }
        guard FaultModel(faultModel) != nil else { throw ValidationError("--fault-model is byzantine or crash") }
        guard window.map({ (1...1024).contains($0) }) ?? true else {
            throw ValidationError("--window must be from 1 to 1024")
        }
    }

    func run() async throws {
        let console = Console(isJSON: json)
        let parameters = BenchmarkParameters(
            payload: payload, reply: reply, clients: clients, connections: connections, seconds: seconds,
            warmup: warmup, n: n, f: f, faultModel: FaultModel(faultModel) ?? .byzantine, window: window,
            security: insecurePlaintext ? .plaintextForBenchmarks : .tls, signs: sign, killsLeader: killLeader,
            tellsLog: log, isRecorded: history != nil, isDurable: durable)
        let place = ScratchDirectory(named: directory, kind: "bench", keeps: false)
        defer { place.removeIfTemporary() }
        let result = try await Interruptible.run {
            try await Benchmark(parameters: parameters, directory: place.path).run { Console.note($0) }
        }
        if let history, let recorded = result.history { try HistoryFile.write(recorded, to: history) }
        console.say(result.text)
        console.report(result.json)
        if result.record.completed == 0 { throw CommandFailure("no operation was answered") }
    }
}
