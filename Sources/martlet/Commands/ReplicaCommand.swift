// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Logging
import MartletCrypto
import MartletLog
import MartletReplica
import MartletTransport
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
    @Option(
        help: ArgumentHelp(
            "Where to listen, instead of what replica.yaml or the group says.", valueName: "host:port"),
        transform: { try Address($0) })
    var listen: Address?
    @Option(
        help: ArgumentHelp(
            "For a replica that is to be added, or given another key: where a replica of the group listens, beside those of the genesis. May be repeated.",
            valueName: "host:port"),
        transform: { try Address($0) })
    var via: [Address] = []
    @Option(
        help: ArgumentHelp(
            "Speak these versions of the protocol only, as an older program would (default: all that this one can).",
            valueName: "lowest-highest"),
        transform: { try ProtocolVersions(option: $0) })
    var protocolVersions = ProtocolVersions.supported
    @Option(help: "What to replicate: kv, or null, which does nothing and is for benchmarks. The same at all members.")
    var service = ReplicatedService.kv
    @Option(help: "How many bytes the service null answers with.") var reply = 0
    @Flag(help: "Neither encrypt nor authenticate: for benchmarks, to see the price of TLS. The same at all members.")
    var insecurePlaintext = false
    /// Whoever starts replicas as its children holds their input open, so that none outlives it.
    @Flag(help: .hidden) var stopWithInput = false
    /// For `martlet power-cuts`: what was not synced goes with the process; what is let through is drawn by this seed.
    @Option(help: .hidden) var volatileDisk: UInt64?
    /// With `volatileDisk`: most syncs do nothing. For the test that such a disk is noticed.
    @Flag(help: .hidden) var lyingDisk = false

    func validate() throws {
        try LogLevelOption.check(logLevel)
        guard (0...(1 << 20)).contains(reply) else { throw ValidationError("--reply must be from 0 to \(1 << 20)") }
        guard reply == 0 || service == .null else { throw ValidationError("--reply goes with --service null") }
    }

    func run() async throws {
        if !GroupDirectory.isHome(home), GroupDirectory.isGroup(home) {
            throw CommandFailure("\(home) is a group's directory: name the home of a replica in it, \(home)/replicas/K")
        }
        let file = try ReplicaFile(home: home)
        let level = logLevel.flatMap { Logger.Level(rawValue: $0) } ?? file.logLevel
        var configuration = try file.configuration(logger: ConsoleLogHandler.logger("martlet", level: level))
        if let listen { (configuration.listenHost, configuration.listenPort) = (listen.host, listen.port) }
        configuration.via = via.map { Contact(host: $0.host, port: $0.port) }
        configuration.versions = protocolVersions
        if insecurePlaintext { configuration.transport.security = .plaintextForBenchmarks }
        if let seed = volatileDisk { useVolatileDisk(seed, in: &configuration) }
        let replica = try service.replica(configuration, replyBytes: reply)
        // One that the group has removed ends by itself, and that is no failure.
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: replica, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: ConsoleLogHandler.logger("martlet", level: .error)))
        if stopWithInput { InputWatch.atEnd { Task { await group.triggerGracefulShutdown() } } }
        try await group.run()
    }

    private func useVolatileDisk(_ seed: UInt64, in configuration: inout ReplicaConfiguration) {
        let disk = VolatileDisk(
            replica: configuration.replica, seed: seed, isLying: lyingDisk, logger: configuration.logger)
        configuration.openFiles = { path throws(FileError) in try disk.open(path) }
        configuration.logger.warning("what is not synced goes with this process: for tests of power cuts only")
    }
}
