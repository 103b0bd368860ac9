// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import MartletRelay
import MartletSimulation

/// The process that `martlet wan` puts between all others. Says at which port each node dials each replica, then takes
/// `begin` and `counts` on its input, and ends with it.
struct RelayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wan-relay", abstract: "Make the links of a scenario long.", shouldDisplay: false)

    @Option(help: "The scenario.") var scenario: String
    @Option(help: "The replicas' ports, as A,B,C.") var ports: String

    func run() async throws {
        let links = WideAreaLinks(scenario: try ScenarioFile.read(file: scenario))
        guard let ports = NumberList(ports)?.numbers, ports.count == links.scenario.n else {
            throw CommandFailure("--ports must name one port for each replica")
        }
        let console = Console(isJSON: false)
        let relay = Relay()
        for node in 0..<links.nodes {
            for (replica, port) in ports.enumerated() where replica != node {
                let own = try await relay.open(links.route(from: node, to: replica, port: port))
                console.say("route \(node) \(replica) \(own)")
            }
        }
        console.say("ready")
        for await line in InputLines.stream() {
            switch line {
            case "begin": relay.begin()
            case "counts":
                let counts = relay.counts
                let mean = counts.pieces > 0 ? counts.lateNanoseconds / UInt64(counts.pieces) : 0
                console.say("counts \(counts.connections) \(counts.bytes) \(mean) \(counts.latestNanoseconds)")
            default: Console.note("'\(line)' is no order for a relay")
            }
        }
        await relay.close()
    }
}
