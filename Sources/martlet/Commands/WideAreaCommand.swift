// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletOptimizer
import MartletSimulation
import MartletTypes

/// `martlet wan`: a wide area on one machine.
struct WideAreaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wan", abstract: "Run real replicas and clients on links that a relay makes long.",
        discussion: """
            Each replica and each client is a process; a relay process between them delays what they send, as a file of \
            latencies says, or a scenario: the same as for 'martlet simulate --scenario', as far as processes can do it.
            """)

    @Option(help: "A scenario file, instead of --matrix and what belongs to it.") var scenario: String?
    @OptionGroup var trial: TrialOptions
    @Option(help: "The number of the replica that leads (default: the best by prediction).") var leader: Int?
    @Option(help: "The numbers of those that are heavy, as 4,0 (default: the best for the leader).") var heavy: String?
    @Flag(help: "Clients read without ordering, and nobody writes.") var reads = false
    @Flag(help: "In a group with unordered reads, where writes wait for a quorum of replies.") var besideReads = false
    @Flag(help: "In a group that executes tentatively, where writes wait for a quorum of tentative replies.")
    var tentative = false
    @Flag(help: "Run it in virtual time too, and compare.") var compare = false
    @Option(help: "Where to keep the group (default: a temporary directory that is removed).") var directory: String?
    @OptionGroup var options: ExperimentOptions

    func validate() throws {
        guard (scenario == nil) != (trial.matrix == nil) else {
            throw ValidationError("say either --scenario FILE or --matrix FILE --unit UNIT")
        }
        guard heavy.map({ NumberList($0) != nil }) ?? true else {
            throw ValidationError("--heavy are numbers of replicas, as in 4,0")
        }
    }

    func run() async throws {
        try await options.show {
            let scenario = try chosenScenario()
            if let complaint = scenario.complaint { throw CommandFailure(complaint) }
            let place = ScratchDirectory(named: directory, kind: "wan", keeps: false)
            defer { place.removeIfTemporary() }
            let run = WideAreaRun(scenario: scenario, directory: place.path, executable: nil) { Console.note($0) }
            let (result, relay) = try await run.run()
            return WideAreaReport(
                scenario: scenario, result: result, simulated: compare ? TrialResult(simulating: scenario) : nil,
                relay: relay, warmup: self.scenario == nil ? Double(trial.warmup) * 1_000_000 : 0)
        }
    }

    private func chosenScenario() throws -> Scenario {
        if let scenario { return try ScenarioFile.read(file: scenario) }
        let trial = try trial.trial()
        let links = trial.places.links(between: trial.replicas)
        let optimizer = Optimizer(
            model: LatencyModel(rule: trial.rule, propose: links, vote: links),
            ids: trial.replicas.indices.map { ReplicaID(UInt16($0)) }, mayLead: try set(leader.map { [$0] }, of: trial),
            mayBeHeavy: try set(heavy.flatMap(NumberList.init)?.numbers, of: trial))
        guard let best = optimizer.search().best else {
            throw CommandFailure(
                "with f = \(trial.rule.f) and n = \(trial.rule.n) \(trial.rule.heavyCount) replicas are heavy, "
                    + "the leader among them: give --heavy so many numbers, or none")
        }
        let load =
            reads
            ? WideAreaTrial.Load.reads : tentative ? .tentativeWrites : besideReads ? .writesBesideReads : .writes
        return trial.scenario(
            best.assignment, leaderOrder: optimizer.leaderOrder(of: best.assignment), load)
    }

    private func set(_ numbers: [Int]?, of trial: WideAreaTrial) throws -> ReplicaSet? {
        guard let numbers else { return nil }
        guard numbers.allSatisfy(trial.replicas.indices.contains) else {
            throw CommandFailure("--leader and --heavy name replicas 0 to \(trial.replicas.count - 1)")
        }
        return ReplicaSet(numbers.map { ReplicaIndex($0) })
    }
}
