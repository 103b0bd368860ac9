// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletTypes

/// What all experiments on emulated links understand.
struct TrialOptions: ParsableArguments {
    @Option(help: "A file of latencies (CSV, as for 'martlet optimize').") var matrix: String?
    @Option(help: "What its numbers are: us-oneway (microseconds one way) or ms-rtt (milliseconds there and back).")
    var unit: LatencyUnit?
    @Option(help: "The replicas' places, as A,B,C (default: all of the file).") var replicas: String?
    @Option(help: "The clients' places, one at each, as A,B,C (default: one beside each replica).")
    var clients: String?
    @Option(name: .customLong("f"), help: "How many replicas may be faulty.") var f = 1
    @Option(help: "What a faulty replica may do: byzantine (anything) or crash (stop).") var faultModel = "byzantine"
    @Option(help: "How long each run is measured, in seconds of its own time.") var seconds = 120
    @Option(help: "How many seconds pass before that.") var warmup = 10
    @Option(help: "Bytes of each value that a client puts.") var payload = 1024
    @Option(help: "Where chance begins.") var seed: UInt64 = 1
    @Option(help: "So many runs at a time (default: as many as there are cores; with --real one).") var jobs: Int?
    @Flag(help: "With processes and a relay, in real time, instead of in virtual time.") var real = false

    func validate() throws {
        guard FaultModel(faultModel) != nil else { throw ValidationError("--fault-model is byzantine or crash") }
        let ranges = [
            ("seconds", seconds, 1...3_600), ("warmup", warmup, 0...600), ("payload", payload, 0...1 << 16),
            ("jobs", jobs ?? 1, 1...256),
        ]
        for (name, value, range) in ranges where !range.contains(value) {
            throw ValidationError("--\(name) must be from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    func trial() throws -> WideAreaTrial {
        guard let matrix, let unit else { throw CommandFailure("name a file of latencies with --matrix and --unit") }
        let places = try MatrixPlaces(file: matrix, unit: unit)
        let chosen = try places.places(named: replicas, option: "--replicas")
        let rule = try OptimizeCommand.rule(FaultModel(faultModel) ?? .byzantine, n: chosen.count, f: f)
        let beside = clients == nil ? chosen : try places.places(named: clients, option: "--clients")
        guard chosen.count + beside.count <= 64 else {
            throw CommandFailure(
                "\(chosen.count) replicas and \(beside.count) clients are more than 64 nodes: name fewer with --replicas"
            )
        }
        return WideAreaTrial(
            places: places, replicas: chosen, clients: beside, rule: rule,
            effort: TrialEffort(seconds: seconds, warmupSeconds: warmup, payload: payload, seed: seed))
    }

    var runner: TrialRunner { real ? .real(jobs: jobs ?? 1) : .simulated(jobs: jobs) }

    /// Tells how far it is.
    static func tell(_ done: Int, of count: Int) {
        if done % 10 == 0 || done == count { Console.note("\(done) of \(count) runs done") }
    }
}

/// `martlet experiment configurations`.
struct ConfigurationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "configurations", abstract: "Every leader with every heavy set: predicted and measured.")

    @OptionGroup var trial: TrialOptions
    @OptionGroup var options: ExperimentOptions

    func run() async throws {
        try await options.show {
            try await ConfigurationsExperiment(trial.trial()).run(trial.runner, progress: TrialOptions.tell)
        }
    }
}

/// `martlet experiment runtime`.
struct RuntimeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runtime", abstract: "A group that begins badly, and whose links and replicas then change.",
        discussion: """
            It begins as badly as it can; then a heavy replica's links become slow, and quick again; then the leader is \
            killed. --seconds is how long each of the four parts takes, and must be enough for three calculations.
            """)

    @OptionGroup var trial: TrialOptions
    @Option(help: "After how many instances it is calculated anew who leads and who is heavy.") var period = 500
    @Option(help: "By how many milliseconds the slow replica's messages take longer.") var slowBy = 100
    @Option(help: "And up to so many more, by chance.") var slowSpread = 40
    @OptionGroup var options: ExperimentOptions

    func validate() throws {
        guard (32...100_000).contains(period) else { throw ValidationError("--period must be from 32 to 100000") }
        guard (1...10_000).contains(slowBy), (0...10_000).contains(slowSpread) else {
            throw ValidationError("--slow-by must be from 1 to 10000, --slow-spread from 0 to 10000")
        }
    }

    func run() async throws {
        try await options.show {
            let experiment = try RuntimeExperiment(
                trial.trial(), period: period, slowBy: .milliseconds(UInt64(slowBy)),
                spread: .milliseconds(UInt64(slowSpread)))
            return try await experiment.run(trial.runner)
        }
    }
}

/// `martlet experiment leader-location`.
struct LeaderLocationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leader-location", abstract: "What clients at each place wait, by the place of the leader.")

    @OptionGroup var trial: TrialOptions
    @Flag(help: "In a group with unordered reads, where writes wait for a quorum of replies.") var besideReads = false
    @Flag(help: "In a group that executes tentatively, where writes wait for a quorum of tentative replies.")
    var tentative = false
    @OptionGroup var options: ExperimentOptions

    func run() async throws {
        try await options.show {
            try await LeaderLocationExperiment(
                trial.trial(), tentative ? .tentativeWrites : besideReads ? .writesBesideReads : .writes
            )
            .run(trial.runner, progress: TrialOptions.tell)
        }
    }
}
