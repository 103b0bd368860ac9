// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `martlet power-cuts`: whether a durable group keeps its word when its replicas lose power, on real processes.
struct PowerCutsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "power-cuts", abstract: "Cut the power of replicas at random, and see that nothing is lost.",
        discussion: """
            Founds a durable group of four, each replica a process of its own, whose files keep in the process's memory \
            whatever was not synced, but for what is let through at random; so kill -9 does to them what a loss of power \
            does to a machine. Under load one, some or all of them are killed at random moments, also as they come back. \
            At the end each acknowledged write must be there, all replicas must hold the same, and what clients were told \
            must be linearizable. Ends with a non-zero status when anything is not as it should be.
            """)

    @Option(help: "For how many minutes power is cut.") var minutes = 1.0
    @Option(help: "Draws what is cut when, what disks let through, and the load.") var seed: UInt64 = 1
    @Option(help: "How many sessions, with one operation outstanding each.") var clients = 16
    @Flag(help: "Show what the replicas log.") var log = false
    @Option(help: "Where to keep the group (default: a temporary directory that is removed).") var directory: String?
    @Flag(help: "Keep the temporary directory.") var keep = false
    @Option(help: "Also write each call and its outcome to this file (docs/HISTORY.md).") var history: String?
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws {
        guard (0.1...1440).contains(minutes) else { throw ValidationError("--minutes must be from 0.1 to 1440") }
        guard (1...256).contains(clients) else { throw ValidationError("--clients must be from 1 to 256") }
    }

    func run() async throws {
        let console = Console(isJSON: json)
        let place = ScratchDirectory(named: directory, kind: "power-cuts", keeps: keep)
        defer { place.removeIfTemporary() }
        var parameters = PowerCutParameters()
        parameters.seconds = Int((minutes * 60).rounded())
        parameters.seed = seed
        parameters.clients = clients
        parameters.tellsLog = log
        let cuts = PowerCutRun(parameters: parameters, directory: place.path)
        let result = try await Interruptible.run { try await cuts.run { Console.note($0) } }
        if let history { try HistoryFile.write(result.history, to: history) }
        console.say(result.text)
        if keep { console.say("\nThe group is in \(place.path)") }
        console.report(result.json)
        if !result.isSafe { throw ExitCode.failure }
    }
}
