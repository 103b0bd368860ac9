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
    @Flag(
        help: """
            Instead, make a durable group and replace each of the four by a new one under load, and show that no operation fails, that \
            nothing is unanswered for more than a second, and that what clients saw is linearizable.
            """)
    var replace = false
    @Option(
        help:
            "With --durable: how often all are killed (default: 3). With --replace: how often each is replaced (default: 1)."
    )
    var rounds: Int?
    @Option(help: "Where to make the group; it stays there (default: a temporary directory that is removed).")
    var directory: String?
    @Flag(help: "Keep the temporary directory.") var keep = false
    @Flag(help: "End with one line of JSON.") var json = false

    func validate() throws {
        guard (1...1_000).contains(rounds ?? 1) else { throw ValidationError("--rounds must be from 1 to 1000") }
        guard !durable || !replace else { throw ValidationError("say either --durable or --replace") }
        guard rounds == nil || durable || replace else {
            throw ValidationError("--rounds goes with --durable or --replace")
        }
    }

    func run() async throws {
        let console = Console(isJSON: json)
        let place = ScratchDirectory(named: directory, kind: "demo", keeps: keep)
        defer { place.removeIfTemporary() }
        let report = try await Interruptible.run { await demonstrate(in: place.path) { console.say($0) } }
        console.say("\n\(report.text)")
        if keep || directory != nil, report.steps.first?.isDone ?? false {
            console.say(
                replace
                    ? "\nThe group is in \(place.path); start each of its last four replicas with: "
                        + "martlet replica --home \(place.path)/replicas/K"
                    : "\nThe group is in \(place.path); see it with: martlet up \(place.path)")
        }
        console.report(report.json)
        if !report.isDone { throw ExitCode.failure }
    }

    private func demonstrate(in path: String, _ say: @escaping @Sendable (String) -> Void) async -> DemonstrationReport
    {
        if durable { return await PowerLossDemonstration(directory: path, rounds: rounds ?? 3, say: say).run() }
        if replace { return await ReplacementDemonstration(directory: path, rounds: rounds ?? 1, say: say).run() }
        return await Demonstration(directory: path, say: say).run()
    }
}
