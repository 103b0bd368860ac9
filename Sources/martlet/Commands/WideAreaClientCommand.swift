// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Logging
import MartletClient
import MartletCrypto
import MartletSimulation
import MartletTransport
import MartletTypes

/// The process of one client that `martlet wan` starts. Says `ready` when it is connected to all replicas, works when it is
/// told `go`, and ends when it is done, or with its input.
struct WideAreaClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wan-client", abstract: "Work as a client of a scenario.", shouldDisplay: false)

    @Option(help: "The scenario.") var scenario: String
    @Option(help: "Which of its clients.") var client: Int
    @Option(help: "The group's directory.") var group: String
    @Option(help: "The ports at which each replica is dialled, in the order of their numbers, as A,B,C.")
    var ports: String

    /// How long it may take to connect to all replicas.
    private static let connectingMax = Duration.seconds(30)

    func run() async throws {
        let plan = try ScenarioFile.read(file: scenario)
        guard plan.clients.indices.contains(client), let ports = NumberList(ports)?.numbers, ports.count == plan.n
        else {
            throw CommandFailure("the scenario has no client \(client), or --ports names too few ports")
        }
        var configuration = ClientConfiguration(
            genesis: try GroupDirectory(group).genesis(), key: SigningKey(),
            logger: ConsoleLogHandler.logger("martlet", level: .warning))
        configuration.seed = plan.seed &+ UInt64(client)
        configuration.signsRequests = plan.clients[client].signs
        for (replica, port) in ports.enumerated() {
            configuration.transport.dialling.set(ReplicaID(UInt16(replica)), to: .init(host: "127.0.0.1", port: port))
        }
        let library = try Client(configuration)
        library.start()
        try await waitUntilConnected(library)
        let console = Console(isJSON: false)
        console.say("ready")
        let lines = InputLines.stream()
        let worker = WideAreaClient(client, of: plan) { console.say($0) }
        try await withThrowingTaskGroup { tasks in
            let (starts, starter) = AsyncStream<Void>.makeStream()
            tasks.addTask {
                for await line in lines where line == "go" { starter.yield() }
                throw CommandFailure("whoever started this client is gone")
            }
            tasks.addTask {
                for await _ in starts { return try await worker.run(on: library) }
            }
            try await tasks.next()
            tasks.cancelAll()
        }
        console.say("done")
        await library.close()
        // The thread that reads standard input would wait for its end.
        throw ExitCode.success
    }

    private func waitUntilConnected(_ library: Client) async throws {
        let deadline = ContinuousClock.now + Self.connectingMax
        while true {
            let missing = await library.linkStates().filter { member in
                if case .connected = member.state { false } else { true }
            }
            if missing.isEmpty { return }
            guard ContinuousClock.now < deadline else {
                throw CommandFailure("replica \(missing[0].member.id) cannot be reached: \(missing[0].state)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
