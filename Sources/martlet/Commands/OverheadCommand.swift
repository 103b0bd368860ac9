// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletTransport
import MartletTypes

/// `martlet experiment overhead`.
struct OverheadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "overhead", abstract: "What measuring the links costs a group under full load, by ω.",
        discussion: """
            Real replicas as processes on this machine, all at full load. Machines are noisy: each figure is the median of \
            some rounds, and each ratio is between runs of one round.
            """)

    @Option(help: "Shares of instances that are measured, in parts of a thousand, as A,B,C; 0 is always among them.")
    var omega = "0,100,500,1000"
    @Option(help: "How often each is run.") var rounds = 5
    @Option(help: "How long each run is measured, in seconds.") var seconds = 4
    @Option(help: "How many seconds pass before that.") var warmup = 2
    @Option(help: "How many sessions, with one operation outstanding each.") var clients = 200
    @Option(help: "Bytes of each operation.") var payload = 0
    @Option(help: "How many replicas.") var n = 4
    @OptionGroup var options: ExperimentOptions

    private var shares: [Int?] { omega.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) } }

    func validate() throws {
        let shares = shares
        guard (1...16).contains(shares.count), shares.allSatisfy({ (0...1_000).contains($0 ?? -1) }) else {
            throw ValidationError("--omega are 1 to 16 numbers from 0 to 1000, as in 0,100,1000")
        }
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds must be from 1 to 100") }
        guard (1...600).contains(seconds), (0...600).contains(warmup) else {
            throw ValidationError("--seconds must be from 1 to 600, and --warmup from 0 to 600")
        }
        guard (1...10_000).contains(clients) else { throw ValidationError("--clients must be from 1 to 10000") }
        guard (0...(1 << 20)).contains(payload) else { throw ValidationError("--payload must be from 0 to 1048576") }
        guard (4...32).contains(n) else { throw ValidationError("--n must be from 4 to 32") }
    }

    func run() async throws {
        try await options.show {
            let parameters = BenchmarkParameters(
                payload: payload, reply: 0, clients: clients, connections: 1, seconds: seconds, warmup: warmup, n: n,
                f: nil, faultModel: .byzantine, window: nil, security: .tls, signs: false, killsLeader: false,
                tellsLog: false)
            let shares = Set(shares.compactMap { $0 } + [0]).sorted()
            return try await OverheadExperiment(shares: shares, rounds: rounds, parameters: parameters).run(
                directory: { ScratchDirectory(named: nil, kind: $0, keeps: false) }, { Console.note($0) })
        }
    }
}
