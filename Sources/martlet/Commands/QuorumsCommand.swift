// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletTypes

/// `martlet quorums`: how large quorums are, with WHEAT's weights and with equal ones.
struct QuorumsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quorums", abstract: "Show how many replicas decide, with WHEAT's weights and with equal ones.",
        discussion: "Weights are multiplied by f, so that they are whole numbers.")

    @Option(name: .customLong("f"), help: "How many replicas may be faulty.") var f: Int
    @Option(help: "How many replicas there are beyond the fewest, as A..B (both included) or one number.")
    var delta: CountRange
    @Option(help: "What a faulty replica may do: byzantine (anything) or crash (stop).") var faultModel = "byzantine"
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws {
        guard FaultModel(faultModel) != nil else { throw ValidationError("--fault-model is byzantine or crash") }
    }

    func run() async throws {
        let console = Console(isJSON: json)
        try await FailureReport.telling(console) {
            let table = try QuorumTable(FaultModel(faultModel) ?? .byzantine, f: f, deltas: delta)
            console.say(table.text)
            console.report(table.json)
        }
    }
}
