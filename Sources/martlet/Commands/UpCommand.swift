// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Logging
import MartletClient
import MartletTypes
import ServiceLifecycle
import Synchronization
import UnixSignals

/// `martlet up`: all replicas of a directory on this machine, until Ctrl-C.
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Run all replicas of a group's directory on this machine, until Ctrl-C.")

    @Argument(help: "The group's directory.") var directory: String
    @Option(help: "What the replicas log, instead of what their files say: trace, debug, info, notice, warning, error.")
    var logLevel: String?

    func validate() throws { try LogLevelOption.check(logLevel) }

    func run() async throws {
        let fleet = try ReplicaFleet(
            GroupDirectory(directory), arguments: logLevel.map { ["--log-level", $0] } ?? [],
            onLine: { replica, line in Console.note("[\(replica)] \(line)") })
        let running = try await fleet.health().answering.map(\.replica).filter { fleet[$0] != nil }
        guard running.isEmpty else {
            let names = running.map { "\($0)" }.joined(separator: ", ")
            throw CommandFailure(
                "replicas of \(directory) run already: \(names). Ask how they are with: martlet status \(directory)")
        }
        let group = ServiceGroup(
            services: [GroupOnThisMachine(fleet: fleet, directory: directory)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: ConsoleLogHandler.logger("martlet", level: .error))
        try await group.run()
    }
}

/// Runs the replicas as long as it is run itself.
private struct GroupOnThisMachine: Service {
    let fleet: ReplicaFleet
    let directory: String

    func run() async throws {
        try await fleet.start()
        for process in fleet.processes {
            if let id = process.processIdentifier { Console.note("[\(process.replica)] runs as process \(id)") }
        }
        let isStopping = Atomic(false)
        await withGracefulShutdownHandler {
            await watch(isStopping)
        } onGracefulShutdown: {
            isStopping.store(true, ordering: .relaxed)
            Console.note("stopping the replicas")
            Task { await fleet.stop() }
        }
        if !isStopping.load(ordering: .relaxed) { throw CommandFailure("all replicas have ended") }
    }

    /// Returns when all replicas have ended.
    private func watch(_ isStopping: borrowing Atomic<Bool>) async {
        let announcement = Task { await announce() }
        defer { announcement.cancel() }
        await withTaskGroup(of: (ReplicaID, ProcessEnding).self) { group in
            for process in fleet.processes {
                group.addTask { (process.replica, await process.waitUntilEnded() ?? .exited(0)) }
            }
            for await (replica, ending) in group {
                let home = GroupDirectory(directory).home(of: replica)
                let advice =
                    isStopping.load(ordering: .relaxed) ? "" : "; start it again with: martlet replica --home \(home)"
                Console.note("[\(replica)] replica \(replica) \(ending)\(advice)")
            }
        }
    }

    /// Says when the group is ready, or why it is not.
    private func announce() async {
        do {
            var health = try await fleet.waitUntilServing(within: .seconds(5))
            while !health.isServing {
                Console.note("not ready: \(health.sentence)")
                health = try await fleet.waitUntilServing(within: .seconds(30))
            }
            Console.note("ready: \(health.sentence). Try: martlet kv put a 1 --group \(directory)")
            Console.note(
                fleet.isDurable
                    ? "Ctrl-C stops the group; 'martlet up \(directory)' goes on with it"
                    : "everything is kept in memory: Ctrl-C stops the group, and ends it")
        } catch is CancellationError {
            return
        } catch {
            Console.note("nobody can tell whether the group is ready: \(error)")
        }
    }
}
