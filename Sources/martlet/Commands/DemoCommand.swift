// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `martlet demo`: the main job in one command.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "See a group of four keep its word while its leader is killed.",
        discussion: """
            Makes a group of four replicas in a fresh directory, starts them as separate processes, writes and reads \
            1,000 keys, kills the leader under load, shows that nothing acknowledged is lost and how long nothing was \
            answered, and restarts the killed replica. Stops everything that it started, and ends with a non-zero \
            status when anything was not as it should be.
            """)

    @Flag(
        help: """
            Instead, make a durable group, kill all four at once under load, start them again, and show that every acknowledged \
            write is there.
            """)
    var durable = false
    @Option(help: "With --durable: how often all are killed.") var rounds = 3
    @Option(help: "Where to make the group; it stays there (default: a temporary directory that is removed).")
    var directory: String?
    @Flag(help: "Keep the temporary directory.") var keep = false
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws {
        guard (1...1_000).contains(rounds) else { throw ValidationError("--rounds must be from 1 to 1000") }
    }

    func run() async throws {
        let console = Console(isJSON: json)
        let place = ScratchDirectory(named: directory, kind: "demo", keeps: keep)
        defer { place.removeIfTemporary() }
        let report = try await Interruptible.run {
            durable
                ? await PowerLossDemonstration(directory: place.path, rounds: rounds, say: { console.say($0) }).run()
                : await Demonstration(directory: place.path, say: { console.say($0) }).run()
        }
        console.say("\n\(report.text)")
        if keep || directory != nil, report.steps.first?.isDone ?? false {
            console.say("\nThe group is in \(place.path); see it with: martlet up \(place.path)")
        }
        console.report(report.json)
        if !report.isDone { throw ExitCode.failure }
    }
}
