// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Logging
import MartletCrypto
import MartletKV
import MartletReplica
import MartletTypes
import ServiceLifecycle
import UnixSignals

/// `martlet replica`: runs one replica of the key-value service until it is told to stop.
struct ReplicaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replica", abstract: "Run one replica, until SIGTERM or Ctrl-C.")

    @Option(help: "The replica's home directory, with replica.yaml.") var home: String
    @Option(help: "What to log, instead of what replica.yaml says: trace, debug, info, notice, warning, error.")
    var logLevel: String?
    /// Whoever starts replicas as its children holds their input open, so that none outlives it.
    @Flag(help: .hidden) var stopWithInput = false

    func validate() throws {
        guard logLevel.map({ Logger.Level(rawValue: $0) != nil }) ?? true else {
            throw ValidationError("--log-level is one of trace, debug, info, notice, warning, error, critical")
        }
    }

    func run() async throws {
        if !GroupDirectory.isHome(home), GroupDirectory.isGroup(home) {
            throw CommandFailure("\(home) is a group's directory: name the home of a replica in it, \(home)/replicas/K")
        }
        let file = try ReplicaFile(home: home)
        let level = logLevel.flatMap { Logger.Level(rawValue: $0) } ?? file.logLevel
        let configuration = try file.configuration(logger: ConsoleLogHandler.logger("martlet", level: level))
        let replica = try Replica(configuration: configuration, machine: KVStateMachine())
        let group = ServiceGroup(
            services: [replica], gracefulShutdownSignals: [.sigterm, .sigint],
            logger: ConsoleLogHandler.logger("martlet", level: .error))
        if stopWithInput { InputWatch.atEnd { Task { await group.triggerGracefulShutdown() } } }
        try await group.run()
    }
}
