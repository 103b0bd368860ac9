// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletOptimizer
import MartletTypes

/// `martlet optimize`: who should lead a group and who be heavy, from a file of latencies.
struct OptimizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "optimize", abstract: "Predict which leader and weights make a group fastest.",
        discussion: """
            The file is CSV: a first line 'from\\to,A,B', then one line for each sender, in the same order. What the file \
            says of a place to itself is not looked at, and of the two directions of a link the slower counts.
            """)

    @Option(help: "The file of latencies.") var matrix: String
    @Option(help: "What its numbers are: us-oneway (microseconds one way) or ms-rtt (milliseconds there and back).")
    var unit: LatencyUnit
    @Option(help: "The replicas' places, as A,B,C (default: all of the file).") var replicas: String?
    @Option(name: .customLong("f"), help: "How many replicas may be faulty.") var f: Int
    @Option(help: "What a faulty replica may do: byzantine (anything) or crash (stop).") var faultModel = "byzantine"
    @Option(help: "What is to be fast: consensus, or what a client waits for.") var objective = ObjectiveWord.consensus
    @Option(help: "The clients' places, as A,B,C (default: one beside each replica).") var clients: String?
    @Option(help: "The replies that clients wait for: quorum, weak (f+1, without unordered reads) or tentative.")
    var replies = RepliesWord.quorum
    @Option(help: "Instances at the same time: many, or one, for which requests wait.") var window = WindowWord.many
    @Option(help: "How to search: exhaustive or heuristic (default: by the number of candidates).")
    var search: SearchWord?
    @Option(help: "The seed of a heuristic search.") var seed: UInt64 = 0
    @Flag(help: "List all candidates.") var all = false
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws {
        guard FaultModel(faultModel) != nil else { throw ValidationError("--fault-model is byzantine or crash") }
    }

    func run() async throws {
        let console = Console(isJSON: json)
        try await FailureReport.telling(console) {
            let report = try optimization().report()
            console.say(report.text)
            console.report(report.json)
        }
    }

    func optimization() throws -> Optimization {
        let places = try MatrixPlaces(file: matrix, unit: unit)
        let chosen = try places.places(named: replicas, option: "--replicas")
        let rule = try Self.rule(FaultModel(faultModel) ?? .byzantine, n: chosen.count, f: f)
        let beside = clients == nil ? chosen : try places.places(named: clients, option: "--clients")
        let model = ClientModel(
            places: places.clients(at: beside, of: chosen), replies: replies.replies, window: window.window)
        let links = places.links(between: chosen)
        let goal: Objective = objective == .consensus ? .consensus : .client(model)
        return Optimization(
            names: chosen.map { places.name($0) }, clientNames: beside.map { places.name($0) },
            model: LatencyModel(rule: rule, propose: links, vote: links, objective: goal),
            clients: model, method: search?.method, seed: seed, listsAll: all)
    }

    static func rule(_ faultModel: FaultModel, n: Int, f: Int) throws -> QuorumRule {
        let most = ReplicaSet.membersMax
        guard n <= most else {
            throw CommandFailure("\(n) replicas are more than \(most): name some of them with --replicas A,B,C")
        }
        guard f >= 1 else { throw CommandFailure("--f is \(f), but must be 1 or more") }
        guard f <= most, n >= faultModel.membersMin(f: f) else {
            let needed = f <= most ? " = \(faultModel.membersMin(f: f))" : ""
            throw CommandFailure(
                "\(n) replicas cannot tolerate f = \(f) \(faultModel) faults: that takes "
                    + (faultModel == .byzantine ? "3f+1" : "2f+1")
                    + "\(needed); name more replicas or give a smaller --f")
        }
        return QuorumRule(faultModel: faultModel, n: n, f: f)
    }
}
